"""The command `lazyjobs-conformance`."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lazyjobs_testkit.cli import main
from lazyjobs_testkit.rules import MANIFEST, render_page


@pytest.fixture(autouse=True)
def _in_a_project_of_ones_own(shelves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory whose own tests and settings would spoil everything if they had a part in it."""
    (shelves / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    (shelves / "conftest.py").write_text("raise SystemExit('a conftest')\n")
    monkeypatch.chdir(shelves)


def conformance(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lazyjobs_testkit", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def read_report() -> dict[str, object]:
    content: dict[str, object] = json.loads(Path("conformance.json").read_bytes())
    return content


def test_a_backend_that_keeps_the_rules_ends_with_nothing(shelves: Path) -> None:
    done = conformance("shelves:ShelfHarness", "--rule", "STA-01", "--rule", "INS-06", "--seed", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "conformance of shelf" in done.stdout
    assert "wrote conformance.json, conformance.html, badge.json" in done.stdout
    assert read_report()["seed"] == 3
    assert {path.name for path in shelves.iterdir() if path.suffix in (".json", ".html")} == {
        "badge.json",
        "conformance.html",
        "conformance.json",
    }


def test_a_backend_that_breaks_one_ends_with_one_and_the_whole_story() -> None:
    done = conformance("shelves:MiscountingHarness", "--rule", "sta-01", "--seed", "3", "--output", "there")
    assert done.returncode == 1
    story = done.stdout[done.stdout.index(" FAIL STA-01") :]
    expected = [
        "total",
        "“Counts of all records",
        "the calls that led here:",
        "backend.stats() → Stats(total=1",
        "reproduce: lazyjobs-conformance shelves:MiscountingHarness --rule STA-01 --seed 3",
        f"usual cause: {MANIFEST['STA-01'].cause}",
    ]
    places = [story.index(text) for text in expected]
    assert places == sorted(places)
    assert Path("there/conformance.html").exists()


def test_the_command_that_a_failure_names_fails_again() -> None:
    done = conformance("shelves:MiscountingHarness", "--rule", "STA-01")
    (command,) = re.findall(r"reproduce: lazyjobs-conformance (.*)", done.stdout)
    assert conformance(*command.split()).returncode == 1


def test_an_area_is_all_its_rules() -> None:
    conformance("shelves:ShelfHarness", "--rule", "STA")
    rules = read_report()["rules"]
    assert isinstance(rules, list)
    assert {rule["id"] for rule in rules if rule["reason"] != "not selected"} == {
        id for id in MANIFEST if id.startswith("STA-")
    }


def test_a_baseline_excuses_what_it_records() -> None:
    arguments = ("shelves:MiscountingHarness", "--rule", "STA-01", "--output", "known")
    assert conformance(*arguments).returncode == 1
    assert conformance(*arguments, "--baseline", "known/conformance.json").returncode == 0


def test_what_follows_two_dashes_goes_to_pytest() -> None:
    done = conformance("shelves:ShelfHarness", "--rule", "STA-01", "--", "-vv")
    assert "[STA-01]" in done.stdout


def test_a_backend_that_is_not_there_is_told_in_one_line() -> None:
    done = conformance("cupboard")
    assert done.returncode not in (0, 1)
    assert "no installed backend offers a harness named 'cupboard'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_rule_that_is_not_there_is_told_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["shelf", "--rule", "CLM-99"])
    assert "there is no rule and no area 'CLM-99'" in capsys.readouterr().err


def test_the_version_names_the_contract_and_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    told = capsys.readouterr().out
    assert re.fullmatch(r"lazyjobs-testkit [\d.]+, contract \d+, \d+ rules\n", told)


def test_the_rules_are_told_without_a_backend(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--rules"])
    assert capsys.readouterr().out == render_page(MANIFEST)
