"""Files from outside that are not what they are taken for: a clear error with an exit code of its own, no verdict."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from lazyjobs_testkit import foreign
from lazyjobs_testkit.cli import main
from lazyjobs_testkit.foreign import ForeignFileError, read_file
from lazyjobs_testkit.harness import HarnessError, load_harness
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.model import CountRecords, Unknown
from lazyjobs_testkit.report import BaselineError, read_report

UNUSABLE = 4
DEEP = 200_000
HEAD = '{"format": "lazyjobs-history-1", "about": {}, "history": '
START = datetime(2030, 1, 1, tzinfo=UTC)
OPERATION: dict[str, object] = msgspec.to_builtins(
    Operation(
        caller="a",
        handle="b",
        request=CountRecords(),
        answer=Unknown(error="e"),
        called=5,
        returned=6,
        began=START,
        ended=START,
    )
)


def make_history(*operations: dict[str, object], rule: str = "") -> bytes:
    about = json.dumps({"rule": rule})
    content = json.dumps({"operations": operations})
    return f'{{"format": "lazyjobs-history-1", "about": {about}, "history": {content}}}'.encode()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_endless_link(path: Path) -> None:
    path.symlink_to(path)


CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "nested without end": b"[" * DEEP + b"]" * DEEP,
    "nested without end inside": f'{HEAD}{{"operations": {"[" * DEEP}{"]" * DEEP}}}}}'.encode(),
    "nested without end in what is not read": f'{HEAD[:-11]}"schema": 1, "x": {"[" * DEEP}'.encode(),
    "truncated": HEAD.encode(),
    "not UTF-8": b'{"format": "lazyjobs-history-1", "schema": "\xff\xfe"}',
    "a list": b"[1, 2]",
    "a number": b"1e999",
    "numbers without end": b'{"schema": ' + b"9" * 100_000 + b', "format": ' + b"9" * 100_000 + b"}",
    "another kind": b'{"schema": 1, "rules": []}',
    "a history without its format": b'{"about": {}, "history": {"operations": []}}',
    "times that run backwards": make_history(OPERATION | {"returned": 4}),
    "two calls of one caller at once": make_history(OPERATION, OPERATION),
    "a time that no calendar has": make_history(OPERATION | {"began": "99999-01-01T00:00:00Z"}),
}
MAKERS: dict[str, Callable[[Path], object]] = {
    "missing": lambda _: None,
    "a directory": Path.mkdir,
    "a pipe": make_fifo,
    "a link to itself": make_endless_link,
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.fixture(params=[*CONTENTS, *MAKERS])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "given\x1b[2J.json"
    if request.param in CONTENTS:
        path.write_bytes(CONTENTS[request.param])
    else:
        MAKERS[request.param](path)
    return path


def conformance(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lazyjobs_testkit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, errors="strict")


def test_what_is_no_history_is_not_judged(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(file)]) == UNUSABLE
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("lazyjobs-conformance replay: ")
    assert "\x1b" not in told.err


def test_what_is_no_report_is_no_baseline(file: Path) -> None:
    with pytest.raises(BaselineError, match="baseline"):
        read_report(file)


def test_a_baseline_that_is_none_has_its_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(b'{"schema": ' + b"[" * DEEP)
    arguments = ("--rule", "STA-01", "--output", str(tmp_path), "--baseline", str(tmp_path / "given"))
    ended = conformance("lazyjobs_memory.conformance:MemoryHarness", *arguments)
    assert ended.returncode == UNUSABLE, ended
    assert "nested too deeply" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


HARNESSES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "nested without end": lambda path: path.write_bytes(b"[" * DEEP),
    "calls without end": lambda path: path.write_bytes(b"x" + b"()" * DEEP),
    "null bytes": lambda path: path.write_bytes(b"x = 1\0"),
    "not UTF-8": lambda path: path.write_bytes(b"x = '\xff'"),
    "ends the process": lambda path: path.write_text("raise SystemExit(0)"),
    "raises what has no text": lambda path: path.write_text("class E(Exception):\n    __str__ = None\nraise E"),
    "missing": lambda _: None,
    "a directory": Path.mkdir,
    "a pipe": make_fifo,
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
    "a class of another kind": lambda path: path.write_text("class Harness: pass"),
}


@pytest.mark.parametrize("name", HARNESSES)
def test_what_holds_no_harness_is_an_error_that_says_so(name: str, tmp_path: Path) -> None:
    path = tmp_path / "given.py"
    HARNESSES[name](path)
    with pytest.raises(HarnessError, match=r"given\.py"):
        load_harness(f"{path}:Harness")


def test_a_harness_that_cannot_be_loaded_has_its_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "given.py").write_text("raise SystemExit(0)")
    ended = conformance(f"{tmp_path}/given.py:Harness", "--output", str(tmp_path))
    assert ended.returncode == UNUSABLE, ended
    assert "given.py" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_what_a_harness_or_a_file_is_called_or_raises_reaches_no_terminal_as_it_is(tmp_path: Path) -> None:
    harness = tmp_path / "evil.py"
    harness.write_text("raise ValueError('\x1b]0;title\x07\u202e\\nERROR: a line of its own')")
    baseline = tmp_path / "\x1b[2Jbaseline.json"
    baseline.write_text("[]")
    for arguments in ([f"{harness}:Harness"], ["memory", "--rule", "CLM", "--baseline", str(baseline)]):
        ended = conformance(*arguments)
        assert ended.returncode == 4
        assert set(ended.stdout + ended.stderr).isdisjoint("\x1b\x07\u202e")
        assert "\nERROR: a line" not in ended.stderr


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(b" " * 101)
    assert read_file(path, 101) == b" " * 101
    with pytest.raises(ForeignFileError, match="is larger than"):
        read_file(path, 100)


def test_a_sparse_file_of_many_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sparse.json"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * foreign.MEBIBYTE)
    with pytest.raises(ForeignFileError, match="is larger than 64 MiB"):
        read_file(path)


def test_texts_in_a_history_cannot_pass_for_lines_of_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.json"
    hostile = "a\x1b[2J\n    0.00 to   1.00 forged\u202e\u3164"
    path.write_bytes(make_history(OPERATION | {"caller": hostile}, rule=hostile))
    assert main(["replay", str(path)]) == 0
    told = capsys.readouterr().out
    assert not {"\x1b", "\u202e", "\u3164"} & set(told)
    assert not [line for line in told.splitlines() if line.startswith("    0.00 to   1.00 forged")]
