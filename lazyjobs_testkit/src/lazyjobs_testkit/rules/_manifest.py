"""Gathering the rules of all areas into one manifest."""

import hashlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType

import msgspec

from lazyjobs_testkit.rules._rule import Area, Rule

_ID = re.compile(r"[A-Z]{3}-\d\d")


class ManifestError(Exception):
    """The rules contradict one another; the message says which and how."""


def gather_rules(package: str, path: Iterable[str]) -> Mapping[str, Rule]:
    """The `RULES` of every public module of a package, by id, in the order of the areas and numbers."""
    rules: list[Rule] = []
    for found in pkgutil.iter_modules(path):
        if not found.name.startswith("_"):
            rules += import_module(f"{package}.{found.name}").RULES
    return order_rules(rules)


def order_rules(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    """The rules by id, in the order of the areas and numbers; raises `ManifestError` for one that cannot be."""
    areas = list(Area)
    manifest: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: (areas.index(_area_of(rule)), rule.id)):
        if rule.id in manifest:
            raise ManifestError(f"{rule.id} is given to two rules: {manifest[rule.id].title!r} and {rule.title!r}")
        manifest[rule.id] = rule
    for rule in manifest.values():
        if unknown := [need for need in rule.needs if need not in manifest or need == rule.id]:
            raise ManifestError(f"{rule.id} needs {', '.join(unknown)}, which is no other rule of the manifest")
    for rule in manifest.values():
        if rule.id in all_needs(rule, manifest):
            raise ManifestError(f"{rule.id} needs itself, by way of {', '.join(rule.needs)}")
    return MappingProxyType(manifest)


def all_needs(rule: Rule, manifest: Mapping[str, Rule]) -> tuple[str, ...]:
    """The ids of the rules that a rule needs, and of those that these need in turn."""
    found: dict[str, None] = {}
    open_ends = list(rule.needs)
    while open_ends:
        need = open_ends.pop(0)
        if need not in found:
            found[need] = None
            open_ends += manifest[need].needs
    return tuple(found)


def _area_of(rule: Rule) -> Area:
    if not _ID.fullmatch(rule.id) or rule.id[:3] not in list(Area):
        raise ManifestError(f"{rule.id!r} is no rule id: it takes an area's code, a dash and two digits")
    return rule.area


def hash_rules(manifest: Mapping[str, Rule]) -> str:
    """Sixteen hexadecimal digits that change when any rule does."""
    content = [
        {**msgspec.structs.asdict(rule), "capability": rule.capability.__name__ if rule.capability else ""}
        for rule in manifest.values()
    ]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]
