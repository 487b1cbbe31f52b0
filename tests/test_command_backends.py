"""`lazyjobs backends`: what is installed, and what of it is broken."""

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.commands import Command

GROUP = "lazyjobs.backends"


class Plain(PlainBackend):
    from_url = None


class Opens:
    """What opens a backend and is none."""

    @staticmethod
    def from_url(url: object) -> MemoryBackend:
        raise AssertionError("nothing is to be opened")


class Seven(PlainBackend):
    contract_version = 2
    from_url = Opens.from_url


opens = Opens()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts entry points in the place of those that are installed."""

    def install(**targets: str) -> None:
        points = [EntryPoint(name, target, GROUP) for name, target in targets.items()]
        monkeypatch.setattr("lazyjobs.cli._installed.entry_points", lambda group: points)

    return install


def test_it_lists_what_is_installed_and_what_that_can_do(command: Command) -> None:
    found = {each["scheme"]: each for each in command.done("backends", "--json").json}
    assert {"memory", "sqlite", "sqs+dynamodb"} <= found.keys()
    assert found["sqlite"] == {
        "scheme": "sqlite",
        "distribution": "lazyjobs-sqlite",
        "version": "0.1.0",
        "loads": "lazyjobs_sqlite:SQLiteBackend",
        "contract_version": 1,
        "capabilities": ["extend", "wait", "insert_many", "claim_many", "finish_and_claim", "now", "prune", "close"],
        "broken": None,
    }
    assert set(found["sqlite"]["capabilities"]) - set(found["sqs+dynamodb"]["capabilities"]) == {"finish_and_claim"}


def test_people_see_a_table(command: Command) -> None:
    heading, *lines = command.done("backends").lines
    assert heading.split() == ["URL", "DISTRIBUTION", "VERSION", "CONTRACT", "CAPABILITIES"]
    assert ["memory://", "lazyjobs-memory", "0.1.0", "1", "all"] in [line.split() for line in lines]


def test_what_only_an_opened_backend_would_tell_is_unknown(command: Command, installed: Any) -> None:
    installed(one=f"{__name__}:opens", two=f"{__name__}:Seven")
    one, two = command.done("backends", "--json").json
    assert (one["capabilities"], one["contract_version"]) == (None, None)
    assert (two["capabilities"], two["contract_version"]) == (["extend"], 2)
    _, first, second = command.done("backends").lines
    assert first.endswith("unknown until it is opened")
    assert second.split() == ["two://", "?", "?", "2", "extend"]


def test_what_is_broken_is_listed_as_such(command: Command, installed: Any) -> None:
    installed(
        gone="not_there:Backend", nothing=f"{__name__}:Missing", plain=f"{__name__}:Plain", well=f"{__name__}:opens"
    )
    outcome = command("backends", "--json")
    assert (outcome.code, outcome.err) == (1, "")
    assert {each["scheme"]: each["broken"] for each in outcome.json} == {
        "gone": "cannot be loaded: ModuleNotFoundError: No module named 'not_there'",
        "nothing": f"cannot be loaded: AttributeError: module '{__name__}' has no attribute 'Missing'",
        "plain": "has no from_url, by which a backend is opened",
        "well": None,
    }
    assert command("backends").out.count("BROKEN: ") == 3


def test_a_module_that_ends_the_process_does_not(
    command: Command, installed: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving_backend.py").write_text("raise SystemExit('first\\n\\x1b[2Jsecond')")
    monkeypatch.syspath_prepend(tmp_path)
    installed(leaving="leaving_backend:Backend")
    outcome = command("backends")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.lines[1].endswith("BROKEN: cannot be loaded: SystemExit: first \\x1b[2Jsecond")


def test_two_that_share_a_scheme_are_both_told(
    command: Command, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "rival-3.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 3.2\n")
    (metadata / "entry_points.txt").write_text("[lazyjobs.backends]\nmemory = lazyjobs_memory:MemoryBackend\n")
    monkeypatch.syspath_prepend(tmp_path)
    outcome = command("backends", "--json")
    assert outcome.code == 1
    assert {(each["distribution"], each["version"], each["broken"]) for each in outcome.json if each["broken"]} == {
        (name, version, "shares its scheme with others, and only one can be had: lazyjobs-memory, rival")
        for name, version in (("lazyjobs-memory", "0.1.0"), ("rival", "3.2"))
    }


def test_where_nothing_is_installed_it_says_what_to_do(command: Command, installed: Any) -> None:
    installed()
    assert command("backends") == (0, "", "lazyjobs: no backend is installed; pip install lazyjobs-sqlite, say\n")
    assert command.done("backends", "--json").json == []
