"""A history that a failed rule has saved is judged again, by the command that the report tells, to the same end."""

import os
import re
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lazyjobs_testkit.history import History, Operation, load, save
from lazyjobs_testkit.model import CountRecords, Unknown

RACY = {
    "threads": ("lazyjobs_testkit.areas.concurrency.mutants:UnlockedClaim.Harness", "CON-01"),
    "processes": ("lazyjobs_testkit.areas.concurrency.mutants_processes:OverwritingInserter.Harness", "CON-10"),
}


def conformance(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, in a directory in which everything temporary is made too."""
    command = [sys.executable, "-m", "lazyjobs_testkit", *arguments]
    environment = {**os.environ, "TMPDIR": str(directory)}
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(("reference", "rule"), RACY.values(), ids=RACY)
def test_the_saved_history_of_a_race_replays_by_the_command_that_is_told(
    tmp_path: Path, reference: str, rule: str
) -> None:
    seed = str(time.time_ns() % 2**32)
    print(f"seed {seed}")
    failed = conformance(tmp_path, reference, "--rule", rule, "--seed", seed)
    story = failed.stdout[failed.stdout.index(f" FAIL {rule}") :]
    told = re.search(r"saved: lazyjobs-conformance (.+)", story)
    assert told, story
    replayed = conformance(tmp_path, *shlex.split(told[1]))
    assert replayed.returncode == 1, replayed.stderr
    violation = story.splitlines()[1].strip()
    assert violation in replayed.stdout
    assert f"seed {seed}" in replayed.stdout
    assert called(story) == called(replayed.stdout)


def called(text: str) -> list[str]:
    """The calls that a story shows, without how it is indented."""
    return [line.strip() for line in text.splitlines() if re.search(r"[\d.]+ to +[\d.?]+ ", line)]


def test_a_file_from_elsewhere_reaches_the_terminal_as_text(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    hostile = "\x1b]0;title\x07 \u202e \u3164\nlegal: nothing is wrong"
    save(History(operations=()), file, {"rule": hostile})
    replayed = conformance(tmp_path, "replay", str(file))
    assert r"\x1b]0;title\x07 \u202e \u3164 legal" in replayed.stdout
    assert replayed.stdout.replace("\n", "").isprintable()
    refused = conformance(tmp_path, "replay", f"{tmp_path}/\x1b[2Jnone.json")
    assert (refused.returncode, refused.stderr.replace("\n", "").isprintable()) == (4, True)


SECRETIVE = (
    "OperationalError: postgresql://app:s3cr3t@db/jobs?password=s3cr3t refused",
    "no route to mysql://root:s3cr3t:with@signs@host",
    "host=db user=app password=s3cr3t dbname=jobs",
    "aws_secret_access_key: s3cr3t, region eu-west-1",
    "token = s3cr3t;",
)


@pytest.mark.parametrize("error", SECRETIVE)
def test_a_saved_history_holds_no_password_and_says_so(tmp_path: Path, error: str) -> None:
    begun = datetime(2030, 1, 1, tzinfo=UTC)
    operation = Operation(
        caller="a",
        handle="b",
        request=CountRecords(),
        answer=Unknown(error=error),
        called=1,
        returned=2,
        began=begun,
        ended=begun,
    )
    path = tmp_path / "history.json"
    save(History(operations=(operation,)), path, {"backend": "mine"})
    assert b"s3cr3t" not in path.read_bytes()
    found = load(path)
    assert found.about == {"backend": "mine", "secrets": found.about["secrets"]}
    assert found.about["secrets"].startswith("none")
    assert "***" in found.history.operations[0].answer.error  # type: ignore[union-attr]


def test_what_is_no_secret_is_saved_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    save(History(operations=()), path, {"backend": "sqlite:///home/a/jobs.db", "seed": "7"})
    assert load(path).about["backend"] == "sqlite:///home/a/jobs.db"
