"""The page on security promises what tests hold: each promise names files of tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()
PROMISED = PAGE.partition("## What is promised")[2].partition("## What is not promised")[0]
PROMISES = re.findall(r"^\| (?!promise \||---)(.+) \| (.+) \|$", PROMISED, re.MULTILINE)


def test_there_are_promises() -> None:
    assert len(PROMISES) > 20


@pytest.mark.parametrize(("promise", "held_by"), PROMISES, ids=[promise[:40] for promise, _ in PROMISES])
def test_a_promise_is_held_by_tests_that_are_there(promise: str, held_by: str) -> None:
    files = re.findall(r"`([^`]+)`", held_by)
    assert files or "](rules.md)" in held_by, promise
    for file in files:
        parsed = ast.parse((ROOT / file).read_text())
        functions = [node.name for node in ast.walk(parsed) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        assert any(name.startswith("test_") for name in functions), file


def test_the_policy_leads_to_the_page() -> None:
    assert "docs/security.md" in (ROOT / "SECURITY.md").read_text()
