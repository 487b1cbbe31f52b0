"""The command `lazyjobs-conformance`."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lazyjobs import InsertParams, Record, State
from lazyjobs_testkit import model as m
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.cli import main
from lazyjobs_testkit.history import History, Operation, save
from lazyjobs_testkit.report import render_schema
from lazyjobs_testkit.zoo import render_rules

NOW = datetime(2030, 1, 1, tzinfo=UTC)


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


@pytest.mark.parametrize(("typed", "meant"), [("CLM-4", "CLM-04"), ("clm_04", "CLM-04"), ("CML", "CLM")])
def test_a_misspelt_rule_is_told_with_what_may_have_been_meant(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["shelf", "--rule", typed])
    assert meant in capsys.readouterr().err.rpartition("there is no rule and no area")[2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shelves:ShelfHarness", "--trait", "durable"], "declares its own traits"),
        (["memory://", "--trait", "durible"], "there is no trait durible (known: durable,"),
        (["memory://", "--trait", "max_payload=big"], "cannot declare max_payload=big"),
        (["cupboard://{namespace}"], "no backend is installed for the scheme 'cupboard'"),
        (["shelves:NoHarness"], "harnesses in it: ShelfHarness,"),
        (["nowhere:Harness"], "No module named 'nowhere'; install what offers it"),
        (["shelves:ShelfHarness", "--baseline", "missing.json"], "cannot read the baseline missing.json"),
        (["shelves:ShelfHarness", "--baseline", "shelves.py"], "cannot read the baseline shelves.py"),
        (["shelves:ShelfHarness", "--baseline", "."], "cannot read the baseline ."),
        (["shelves:ShelfHarness", "--output", "shelves.py"], "the report cannot be written to shelves.py"),
        (["shelves:ShelfHarness", "--output", "shelves.py/there"], "the report cannot be written to shelves.py/there"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line_before_anything_runs(arguments: list[str], told: str) -> None:
    done = conformance(*arguments)
    output = done.stdout + done.stderr
    assert done.returncode not in (0, 1)
    assert told in output
    assert len(output.split("\n\n")[0].splitlines()) == 1, output
    assert not Path("conformance.json").exists()


@pytest.mark.parametrize("rule", ["DUR-01", "EXT"])
def test_rules_of_which_none_applies_are_no_success(rule: str) -> None:
    done = conformance("shelves:ShelfHarness", "--rule", rule)
    assert done.returncode not in (0, 1)
    assert "no rule was tried" in done.stdout


def test_rules_that_are_all_blocked_are_no_success(install: Callable[[object], None]) -> None:
    install({"lazyjobs.backends": {"shelf": "shelves:PrunedShelf"}})
    done = conformance("shelf://here", "--rule", "ISO-01")
    assert "takes two namespaces" in done.stdout
    assert done.returncode not in (0, 1), done.stdout
    assert "no rule was tried" in done.stdout


def test_a_report_that_cannot_be_written_in_the_end_is_told_beside_the_verdict() -> None:
    Path("badge.json").mkdir()
    done = conformance("shelves:ShelfHarness", "--rule", "STA-01")
    assert done.returncode not in (0, 1)
    assert "ERROR the report cannot be written to ." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_an_interrupted_run_says_what_it_did_not_reach_and_is_no_success() -> None:
    command = [sys.executable, "-m", "lazyjobs_testkit", "shelves:StuckHarness", "--rule", "INS-01", "--rule", "STA-01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        wait_until(Path("stuck").exists)
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    assert "not reached" in output
    assert read_report()["level"] == "none"


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        time.sleep(0.01)


def test_figures_are_told_and_fail_nothing() -> None:
    done = conformance("shelves:ShelfHarness", "--rule", "STA-01", "--performance")
    assert done.returncode == 0, done.stdout
    assert " performance: a second, one caller: insert " in done.stdout
    assert " performance: claim with 10,000 waiting" in done.stdout
    figures = read_report()["performance"]
    assert isinstance(figures, dict)
    assert [latency["asked"] for latency in figures["latencies"]] == [10, 10_000]
    assert "no part of the verdict" in Path("conformance.html").read_text()


def test_a_backend_that_cannot_be_measured_is_told_so_and_passes_all_the_same() -> None:
    done = conformance("shelves:ForgetfulHarness", "--rule", "STA-01", "--performance")
    assert done.returncode == 0, done.stdout
    assert "note: not measured: BackendUnavailableError: no room" in done.stdout
    assert read_report()["performance"] is None


def insertion(record: Record, called: int) -> Operation:
    """A call of insert that answered with `record`."""
    params = InsertParams(kind=record.kind, run_at=record.run_at)
    return Operation(
        caller="a",
        handle="h",
        request=m.Insert(params),
        answer=m.One(record),
        called=called,
        returned=called + 1,
        began=NOW,
        ended=NOW,
    )


@pytest.mark.parametrize(("times", "status"), [(1, 0), (2, 1)])
def test_a_saved_history_is_judged_again(times: int, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    record = Record(
        id=1,
        kind="k",
        queue="default",
        payload=b"{}",
        state=State.PENDING,
        attempt=0,
        max_attempts=25,
        run_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )
    operations = tuple(insertion(record, 2 * time) for time in range(times))
    save(History(operations=operations), Path("history.json"), {"backend": "shelf"})
    assert main(["replay", "history.json"]) == status
    assert "backend shelf" in capsys.readouterr().out


@pytest.mark.parametrize("file", ["missing.json", "shelves.py", "."])
def test_what_is_no_history_is_told(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", file]) == 4
    assert f"{file} holds no history" in capsys.readouterr().err


def test_the_schema_is_told_without_a_backend(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--schema"])
    assert capsys.readouterr().out == render_schema()


def test_the_version_names_the_contract_and_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    told = capsys.readouterr().out
    assert re.fullmatch(r"lazyjobs-testkit [\d.]+, contract \d+, \d+ rules\n", told)


def test_the_rules_are_told_without_a_backend(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--rules"])
    assert capsys.readouterr().out == render_rules()
