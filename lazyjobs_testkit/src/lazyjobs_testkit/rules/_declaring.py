"""Stating a rule at the test that tries it."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypedDict, TypeVar, Unpack

import pytest

from lazyjobs_testkit.rules._rule import Area, Keyword, Level, Rule

MARKER = "lazyjobs_rule"

F = TypeVar("F", bound=Callable[..., object])


class RuleFields(TypedDict, total=False):
    """The fields of `Rule` beside its id and title."""

    text: str
    keyword: Keyword
    level: Level
    since: int
    cause: str
    needs: tuple[str, ...]
    needs_areas: tuple[Area, ...]
    capability: type | None
    trait: str
    hook: str
    namespaces: int


def rule(id: str, title: str = "", **fields: Unpack[RuleFields]) -> Callable[[F], F]:
    """Says which rule a test tries, and states that rule; every test of the suite tries exactly one.

    Where several tests try a rule, the first states it and the others give its id alone.
    """
    stated = (Rule(id=id, title=title, **fields),) if title else ()
    mark: Callable[[F], F] = getattr(pytest.mark, MARKER)(id, *stated)
    return mark


def rule_of(test: object) -> str | None:
    """The id of the rule that a test tries; None if it is no test of the suite."""
    arguments = _arguments(test)
    return None if arguments is None else str(arguments[0])


def stated_rules(areas: Iterable[type]) -> Iterator[Rule]:
    """The rules that the tests of some classes state."""
    for area in areas:
        for test in vars(area).values():
            for stated in (_arguments(test) or ())[1:]:
                assert isinstance(stated, Rule)
                yield stated


def _arguments(test: object) -> tuple[object, ...] | None:
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == MARKER:
            arguments: tuple[object, ...] = mark.args
            return arguments
    return None
