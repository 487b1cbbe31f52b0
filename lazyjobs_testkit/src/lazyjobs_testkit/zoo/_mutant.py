"""What there is to know of each backend in the zoo, and where all of them are found."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from msgspec import Struct

from lazyjobs_testkit.areas import MANIFEST, mutant_modules
from lazyjobs_testkit.harness import Harness

_LEGAL = ("lazyjobs_testkit.zoo.legal", "lazyjobs_testkit.zoo.files")
_SMALL_BUDGET = 0.01


class Budget(Struct, frozen=True):
    """By what the usual budget of a rule is multiplied."""

    usual: float = 1.0
    """For all rules but `rule`, which has its usual budget."""
    rule: str = ""

    def __call__(self, rule: str) -> float:
        return 1.0 if rule == self.rule else self.usual


class Variant(Struct, frozen=True):
    """A backend in the zoo. Its harness stands at the top of a module, so that a reference finds it."""

    harness: type[Harness]
    """Its docstring says in one sentence what is peculiar to the backend."""

    @property
    def name(self) -> str:
        """The name of the backend, by which people call it."""
        return self.harness.__qualname__.removesuffix(".Harness").removesuffix("Harness")

    @property
    def summary(self) -> str:
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


class Mutant(Variant, frozen=True):
    """A backend that is wrong in one way and otherwise correct."""

    breaks: str
    """The rule that it breaks."""
    message: str
    """A pattern found in the message of the failure if it names the fault: the stated reason."""
    also_breaks: Mapping[str, str] = {}
    """Other rules that the same fault breaks of necessity, each with the reason why it does."""
    racy: bool = False
    """Whether it takes luck or time to catch it: threads that meet, a process killed at the right moment.

    The rule that it breaks is then tried with the usual budget, and its `also_breaks` may fail instead of must.
    """

    def __post_init__(self) -> None:
        re.compile(self.message)
        if unknown := {self.breaks, *self.also_breaks} - MANIFEST.keys():
            raise ValueError(f"{self.name} breaks {', '.join(sorted(unknown))}, which the manifest does not know")

    @property
    def budget(self) -> Budget:
        return Budget(_SMALL_BUDGET, self.breaks if self.racy else "")


class OddBackend(Variant, frozen=True):
    """A backend that is unusual in a way that the contract permits: no rule fails, and none is blocked."""


E = TypeVar("E", bound=Variant)


@cache
def mutants() -> Mapping[str, Mutant]:
    """Every mutant of the zoo by its name, in the order of the rules that they break."""
    found = [mutant for module in _modules() for mutant in getattr(module, "MUTANTS", ())]
    ranks = list(MANIFEST)
    return _by_name(sorted(found, key=lambda mutant: ranks.index(mutant.breaks)))


@cache
def odd_backends() -> Mapping[str, OddBackend]:
    """Every odd but legal backend of the zoo by its name."""
    return _by_name([odd_backend for module in _modules() for odd_backend in getattr(module, "ODD_BACKENDS", ())])


def _modules() -> Iterator[ModuleType]:
    yield from mutant_modules()
    yield from map(import_module, _LEGAL)


def _by_name(variants: Iterable[E]) -> dict[str, E]:
    named: dict[str, E] = {}
    for variant in variants:
        if variant.name in named:
            raise ValueError(f"two backends of the zoo are called {variant.name}")
        named[variant.name] = variant
    return named
