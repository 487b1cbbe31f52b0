"""What the kit, the harness or the machine fail in is no failure of a rule."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lazyjobs_testkit.plugin._run  # noqa: F401 (every run below finds it already imported)
from lazyjobs_testkit.suite._conformance import suite_tests

suite_tests()
pytest_plugins = ("pytester",)

Try = Callable[..., tuple[int, dict[str, dict[str, str]]]]

PLAIN = """
import errno, os, threading
from shelves import *
from lazyjobs import BackendUnavailableError
from lazyjobs_testkit import conformance_suite
"""


@pytest.fixture
def try_rules(pytester: pytest.Pytester, shelves: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Tries rules of the class Mine; the exit status, and the rules of the report."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def try_rules(content: str, rules: str = "INS-06 or STA-01") -> tuple[int, dict[str, dict[str, str]]]:
        pytester.makepyfile(test_mine=f"{PLAIN}{content}\nTestMine = conformance_suite(Mine)\n")
        result = pytester.runpytest_inprocess("-p", "lazyjobs_testkit.plugin", "-k", rules, "--lazyjobs-output=out")
        report = json.loads(Path("out/conformance.json").read_bytes())
        return result.ret, {rule["id"]: rule for rule in report["rules"]}

    return try_rules


def test_a_harness_that_cannot_reach_its_server_is_no_failure(try_rules: Try) -> None:
    status, rules = try_rules("""
class Mine(ShelfHarness):
    def open(self, namespace):
        raise ConnectionRefusedError("nobody listens")
""")
    assert status == pytest.ExitCode.INTERNAL_ERROR
    assert {rules[id]["status"] for id in ("INS-06", "STA-01")} == {"error", "blocked"}
    assert "nobody listens" in rules["INS-06"]["reason"]


def test_a_harness_that_cannot_destroy_is_no_failure(try_rules: Try) -> None:
    status, rules = try_rules("""
class Mine(ShelfHarness):
    count = 0

    def destroy(self, namespace):
        type(self).count += 1
        if type(self).count > 1:
            raise RuntimeError("cannot be\\x1b[2Jremoved")
""")
    assert status == pytest.ExitCode.INTERNAL_ERROR
    assert rules["STA-01"]["status"] == "error"
    assert rules["STA-01"]["reason"] == r"the harness: RuntimeError: cannot be\x1b[2Jremoved"


@pytest.mark.parametrize("code", ["ENOSPC", "EMFILE", "ENOMEM"])
def test_a_machine_that_has_no_more_of_something_is_no_failure(try_rules: Try, code: str) -> None:
    status, rules = try_rules(f"""
class Full(Shelf):
    def stats(self):
        try:
            raise OSError(errno.{code}, os.strerror(errno.{code}))
        except OSError as error:
            raise BackendUnavailableError("not now") from error

class Mine(ShelfHarness):
    backend = Full
""")
    assert status == pytest.ExitCode.INTERNAL_ERROR
    assert rules["STA-01"]["status"] == "error"
    assert rules["STA-01"]["reason"].startswith("the machine: OSError: [Errno")
    assert rules["INS-06"]["status"] == "passed"


def test_a_directory_of_the_kit_that_cannot_be_trusted_is_no_failure(
    pytester: pytest.Pytester, shelves: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    place.mkdir()
    elsewhere.mkdir(mode=0o700)
    (place / f"lazyjobs-testkit-{os.getuid()}").symlink_to(elsewhere)
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setenv("PYTHONPATH", str(shelves))
    result = pytester.run(
        sys.executable, "-m", "lazyjobs_testkit", "shelves:ShelfHarness", "--rule", "STA-01", "--rule", "INS-06"
    )
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    text = " ".join(result.stdout.str().split())
    assert f"error, the machine: PermissionError: {place}/lazyjobs-testkit-{os.getuid()} is a link" in text
    assert list(elsewhere.iterdir()) == []


def test_a_fixture_of_the_author_that_fails_is_no_failure(try_rules: Try) -> None:
    status, rules = try_rules("""
import pytest

@pytest.fixture(autouse=True)
def server():
    raise LookupError("no server")

class Mine(ShelfHarness):
    pass
""")
    assert status == pytest.ExitCode.INTERNAL_ERROR
    assert rules["STA-01"]["reason"] == "what surrounds the suite: LookupError: no server"


@pytest.mark.parametrize(
    "answer", ["return None", "raise KeyError('x')", "raise ConnectionResetError('gone')", "return Shelf.stats"]
)
def test_what_a_backend_answers_or_raises_is_its_own_failure(try_rules: Try, answer: str) -> None:
    status, rules = try_rules(f"""
class Odd(Shelf):
    def stats(self):
        {answer}

class Mine(ShelfHarness):
    backend = Odd
""")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert rules["STA-01"]["status"] == "failed"


def test_a_failure_counts_though_the_machine_failed_elsewhere(try_rules: Try) -> None:
    status, rules = try_rules("""
class Both(Miscounting):
    def insert(self, params):
        raise OSError(errno.ENOSPC, "full")

class Mine(ShelfHarness):
    backend = Both
""")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert (rules["STA-01"]["status"], rules["INS-06"]["status"]) == ("failed", "error")
