"""Tying a test to the rule it tries."""

from collections.abc import Callable
from typing import TypeVar

import pytest

MARKER = "lazyjobs_rule"

F = TypeVar("F", bound=Callable[..., object])


def rule(id: str) -> Callable[[F], F]:
    """Says which rule a test tries; every test of the suite has exactly one."""
    mark: Callable[[F], F] = getattr(pytest.mark, MARKER)(id)
    return mark


def rule_of(test: object) -> str | None:
    """The id of the rule that a test tries; None if it is no test of the suite."""
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == MARKER:
            return str(mark.args[0])
    return None
