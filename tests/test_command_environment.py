"""What a command prints and returns does not depend on how it is started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import GENEROUS, wait_until

ROOT = Path(__file__).parents[1]
TIMEOUT = GENEROUS.total_seconds()
BASE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
COMMAND = [sys.executable, "-m", "lazyjobs"]
COMMANDS = [
    ("stats", "--backend", "memory://"),
    ("list", "--help"),
    ("enqueue", "a kind"),
    ("stats", "--backend", "nöwhere://\u3164"),
    ("worker", "nowhere:runner"),
]
ENVIRONMENTS = {
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
    "POSIX": {"LC_ALL": "POSIX"},
    "C.UTF-8": {"LC_ALL": "C.UTF-8"},
    "German": {"LC_ALL": "de_DE.ISO-8859-1", "LANGUAGE": "de"},
    "dumb": {"TERM": "dumb", "NO_COLOR": "1"},
    "colours": {"TERM": "xterm-256color", "FORCE_COLOR": "1"},
    "time zone": {"TZ": "Asia/Tokyo"},
}
APPLICATION = "import time\nfrom pathlib import Path\nPath('began').touch()\ntime.sleep(60)\n"


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    ended = subprocess.run(
        [*COMMAND, *arguments],
        env={**BASE, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_nothing_in_the_environment_changes_it(environment: dict[str, str]) -> None:
    for arguments in COMMANDS:
        code, out, err = run(*arguments)
        found_code, found_out, found_err = run(*arguments, **environment)
        assert (found_code, found_out) == (code, out)
        if arguments[-1].isascii():
            assert found_err == err


@pytest.mark.parametrize("buffering", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(("arguments", "code"), [(COMMANDS[0], 141), (COMMANDS[1], 0), (COMMANDS[2], 2)])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_nobody_reads_changes_the_code_only_where_results_are_lost(
    buffering: str, arguments: tuple[str, ...], code: int, stream: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: writer}
    environment = {**BASE, "PYTHONUNBUFFERED": buffering}
    process = subprocess.Popen([*COMMAND, *arguments], env=environment, **streams)  # type: ignore[call-overload]
    os.close(writer)
    lost = stream == "stdout" or code != 141
    assert process.wait(TIMEOUT) == (code if lost else 0)


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_stream_that_is_closed_takes_nothing_from_the_other(closed: str, tmp_path: Path) -> None:
    output = tmp_path / "output"
    other = "2" if closed == "1" else "1"
    for arguments, code in ((COMMANDS[0], 0), (COMMANDS[2], 2)):
        line = f'"$@" {other}>{output} {closed}>&-'
        ended = subprocess.run(["sh", "-c", line, "sh", *COMMAND, *arguments], env=BASE, timeout=TIMEOUT, check=False)
        assert ended.returncode == code
        assert ("QUEUE" in output.read_text()) is (closed == "2" and code == 0)


@pytest.mark.parametrize("command", [["enqueue", "note", "--app"], ["worker"], ["control", "--app"]])
def test_ctrl_c_ends_it_even_if_it_was_started_with_the_signal_ignored(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "slow.py").write_text(APPLICATION)
    starting = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *COMMAND, *command, "slow:runner"]
    environment = {**BASE, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path)))}
    with subprocess.Popen(starting, env=environment, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        try:
            wait_until((tmp_path / "began").exists, what="the beginning")
            process.send_signal(signal.SIGINT)
            assert process.wait(TIMEOUT) == 130
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == b""
