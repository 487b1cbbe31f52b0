"""The areas of the contract, a folder each: its rules, the tests that try them, and the backends that break them.

`rules` holds a class `…Tests` whose tests state the rules that they try; modules named `mutants…` hold broken backends.
A new folder or module is found by itself. Reports, markers and pages come from `MANIFEST` alone.
"""

import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType

from lazyjobs_testkit.rules import Area, Rule, hash_rules, order_rules, stated_rules

_MUTANTS = "mutants"


def _modules() -> Iterator[str]:
    for found in pkgutil.walk_packages(__path__, f"{__name__}."):
        name = found.name.rpartition(".")[2]
        if not found.ispkg and not name.startswith("_"):
            yield found.name


@cache
def area_classes() -> tuple[type, ...]:
    """Every class of tests, in the order of the modules' names."""
    found: list[type] = []
    for name in _modules():
        if not holds_mutants(name):
            content = vars(import_module(name))
            found += [value for key, value in content.items() if key.endswith("Tests") and inspect.isclass(value)]
    return tuple(dict.fromkeys(found))


def mutant_modules() -> Iterator[ModuleType]:
    """The modules of broken backends, imported now."""
    yield from (import_module(name) for name in _modules() if holds_mutants(name))


def holds_mutants(module: str) -> bool:
    """Whether a module of that name holds broken backends of an area."""
    return module.startswith(f"{__name__}.") and module.rpartition(".")[2].startswith(_MUTANTS)


def area_folder(area: Area) -> str:
    """The package of an area; its docstring says what the area is about."""
    modules = (each.__module__ for each in area_classes() if any(rule.area is area for rule in stated_rules([each])))
    return next(modules).rpartition(".")[0]


MANIFEST: Mapping[str, Rule] = order_rules(stated_rules(area_classes()))
"""Every rule by its id, in the order of the areas and numbers."""


def manifest_hash() -> str:
    """Sixteen hexadecimal digits that change when any rule of the manifest does."""
    return hash_rules(MANIFEST)
