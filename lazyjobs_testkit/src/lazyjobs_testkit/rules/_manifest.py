"""The rules of all areas as one manifest."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from lazyjobs_testkit.rules._rule import Area, Level, Rule

_ID = re.compile(r"[A-Z]{3}-\d\d")


class ManifestError(Exception):
    """The rules contradict one another; the message says which and how."""


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
            raise ManifestError(f"{rule.id} needs itself, by way of {', '.join(_direct_needs(rule, manifest))}")
    for rule in manifest.values():
        if implied := _implied_needs(rule, manifest):
            raise ManifestError(f"{rule.id} needs {', '.join(implied)} by way of its other needs; leave that out")
    return MappingProxyType(manifest)


def all_needs(rule: Rule, manifest: Mapping[str, Rule]) -> tuple[str, ...]:
    """The ids of the rules that a rule needs, and of those that these need in turn."""
    found: dict[str, None] = {}
    open_ends = list(_direct_needs(rule, manifest))
    while open_ends:
        need = open_ends.pop(0)
        if need not in found:
            found[need] = None
            open_ends += _direct_needs(manifest[need], manifest)
    return tuple(found)


def _direct_needs(rule: Rule, manifest: Mapping[str, Rule]) -> tuple[str, ...]:
    return (*rule.needs, *_needs_of_areas(rule, manifest))


def _needs_of_areas(rule: Rule, manifest: Mapping[str, Rule]) -> Iterator[str]:
    for area in rule.needs_areas:
        rules = [each for each in manifest.values() if each.area is area]
        core = [each for each in rules if each.level is Level.CORE]
        yield from (each.id for each in core or rules)


def _implied_needs(rule: Rule, manifest: Mapping[str, Rule]) -> list[str]:
    whole = set(_needs_of_areas(rule, manifest))
    implied = whole.union(*(all_needs(manifest[need], manifest) for need in {*rule.needs, *whole}))
    return [need for need in rule.needs if need in implied]


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
