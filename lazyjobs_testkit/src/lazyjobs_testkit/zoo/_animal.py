"""What there is to know of each backend in the zoo, and where all of them are found."""

import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from msgspec import Struct

from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.rules import MANIFEST

_PACKAGE = __name__.rpartition(".")[0]
_SMALL_BUDGET = 0.01


class Budget(Struct, frozen=True):
    """By what the usual budget of a rule is multiplied."""

    usual: float = 1.0
    """For all rules but `rule`, which has its usual budget."""
    rule: str = ""

    def __call__(self, rule: str) -> float:
        return 1.0 if rule == self.rule else self.usual


class Exhibit(Struct, frozen=True):
    """A backend in the zoo. Its harness stands at the top of a module, so that a reference finds it."""

    harness: type[Harness]
    """Its docstring says in one sentence what is peculiar to the backend."""

    @property
    def name(self) -> str:
        """The name of the backend, by which people call it."""
        return self.harness.__qualname__.removesuffix(".Harness").removesuffix("Harness")

    @property
    def peculiarity(self) -> str:
        """What is wrong or odd, in one sentence."""
        return " ".join((inspect.getdoc(self.harness) or "").partition("\n\n")[0].split())

    @property
    def reference(self) -> str:
        """What `lazyjobs-conformance` takes to try it."""
        return f"{self.harness.__module__}:{self.harness.__qualname__}"

    @property
    def budget(self) -> Budget:
        """With what it is tried."""
        return Budget(_SMALL_BUDGET)


class Animal(Exhibit, frozen=True):
    """A backend that is wrong in one way and otherwise correct."""

    breaks: str
    """The rule that it breaks."""
    told: str
    """A pattern found in the message of the failure if it names the fault: the stated reason."""
    also: Mapping[str, str] = {}
    """Other rules that the same fault breaks of necessity, each with the reason why it does."""
    racy: bool = False
    """Whether it takes luck or time to catch it: threads that meet, a process killed at the right moment.

    The rule that it breaks is then tried with the usual budget, and its `also` may fail instead of must.
    """

    def __post_init__(self) -> None:
        re.compile(self.told)
        if unknown := {self.breaks, *self.also} - MANIFEST.keys():
            raise ValueError(f"{self.name} breaks {', '.join(sorted(unknown))}, which the manifest does not know")

    @property
    def budget(self) -> Budget:
        return Budget(_SMALL_BUDGET, self.breaks if self.racy else "")


class Oddity(Exhibit, frozen=True):
    """A backend that is unusual in a way that the contract permits: no rule fails, and none is blocked."""


E = TypeVar("E", bound=Exhibit)


@cache
def animals() -> Mapping[str, Animal]:
    """Every animal of the zoo by its name, in the order of the rules that they break."""
    found = [animal for module in _modules() for animal in getattr(module, "ANIMALS", ())]
    ranks = list(MANIFEST)
    return _by_name(sorted(found, key=lambda animal: ranks.index(animal.breaks)))


@cache
def oddities() -> Mapping[str, Oddity]:
    """Every odd but legal backend of the zoo by its name."""
    return _by_name([oddity for module in _modules() for oddity in getattr(module, "ODDITIES", ())])


def _modules() -> Iterator[ModuleType]:
    package = import_module(_PACKAGE)
    for found in pkgutil.iter_modules(package.__path__):
        if not found.name.startswith("_"):
            yield import_module(f"{_PACKAGE}.{found.name}")


def _by_name(exhibits: Iterable[E]) -> dict[str, E]:
    named: dict[str, E] = {}
    for exhibit in exhibits:
        if exhibit.name in named:
            raise ValueError(f"two backends of the zoo are called {exhibit.name}")
        named[exhibit.name] = exhibit
    return named
