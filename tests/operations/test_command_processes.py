"""The commands as real processes: pipes that close, full disks, Ctrl-C, and records that several processes share."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import sysconfig
import termios
from pathlib import Path

import pytest

from lazyjobs import Backend, InsertParams
from tests.support.commands import MEMORY_REMARK
from tests.support.operations import across_processes
from tests.support.waiting import GENEROUS, wait_until

LAZYJOBS = Path(sysconfig.get_path("scripts"), "lazyjobs")
TIMEOUT = GENEROUS.total_seconds()
WAITS_WHEN_IMPORTED = """
import time
from pathlib import Path

Path("began").touch()
time.sleep(60)
"""


def start(*arguments: object, **options: object) -> "subprocess.Popen[bytes]":
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([LAZYJOBS, *map(str, arguments)], **streams)  # type: ignore[call-overload, no-any-return]


def end(process: "subprocess.Popen[bytes]") -> tuple[int, bytes | None, bytes]:
    out, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, out, err.removeprefix(MEMORY_REMARK.encode())


@across_processes
def test_one_process_lists_what_another_enqueued(backend_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAZYJOBS_BACKEND", backend_url)
    enqueue = start("enqueue", "note", "-", "--queue", "mail", stdin=subprocess.PIPE)
    assert enqueue.stdin is not None
    enqueue.stdin.write(b'{"text": "hello"}\n')
    code, id, err = end(enqueue)
    assert (code, err) == (0, b"")
    code, out, err = end(start("list", "--json", "--payload", "--queue", "mail"))
    assert (code, err) == (0, b"")
    assert out is not None
    assert id is not None
    found = json.loads(out)
    assert (found["id"], found["queue"], found["payload"]) == (int(id), "mail", {"text": "hello"})


@pytest.mark.parametrize("backend_url", ["aws"], indirect=True)
def test_what_a_backend_warns_of_is_a_remark(backend_url: str) -> None:
    code, out, err = end(start("enqueue", "note", "--queue", "elsewhere", "--backend", backend_url))
    assert (code, bool(out)) == (0, True)
    assert err.startswith(b"lazyjobs: there is no SQS queue for 'elsewhere', whose jobs start later; create it: ")
    assert err.count(b"\n") == 1


@across_processes
def test_a_reader_that_has_enough_is_no_error(backend: Backend, backend_url: str) -> None:
    for _ in range(5):  # more than a pipe holds
        backend.insert(InsertParams(kind="note", payload=b'"%s"' % (b"x" * 100_000)))
    lister = start("list", "--all", "--json", "--payload", "--backend", backend_url)
    assert lister.stdout is not None
    assert lister.stdout.readline().endswith(b'xxx"}\n')
    lister.stdout.close()
    assert lister.wait(TIMEOUT) == 141
    assert lister.stderr is not None
    assert lister.stderr.read() == b""
    lister.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("stats", "--backend", "memory://"), 141),
        (("prune", "--older-than", "1d", "--json", "--backend", "memory://"), 141),
        (("backends",), 141),
        (("list", "--help"), 0),  # by argparse, which minds nothing
    ],
)
def test_a_reader_that_is_gone_already_is_no_error(arguments: tuple[str, ...], code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(*arguments, stdout=writer)
    os.close(writer)
    assert end(process) == (code, None, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_disk_is_told_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, err = end(start("stats", "--backend", "memory://", stdout=full))
    assert code == 1
    assert err.startswith(b"lazyjobs: the command is done, but its output cannot be written: [Errno 28]")
    assert err.count(b"\n") == 1


@across_processes
def test_a_table_fits_the_terminal(backend: Backend, backend_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    backend.insert(InsertParams(kind="a-kind-with-a-name-of-forty-characters---", queue="a-queue-with-a-long-name"))
    terminal, end_of_process = pty.openpty()
    fcntl.ioctl(end_of_process, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    code, _, err = end(start("list", "--backend", backend_url, stdout=end_of_process))
    os.close(end_of_process)
    lines = os.read(terminal, 4096).decode().splitlines()
    os.close(terminal)
    assert (code, err) == (0, b"")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 80
    assert "a-queue…" in lines[1]


def test_ctrl_c_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(WAITS_WHEN_IMPORTED)
    process = start("enqueue", "note", "--app", "slow:runner", "--backend", "memory://", cwd=tmp_path)
    wait_until((tmp_path / "began").exists, what="the beginning")
    process.send_signal(signal.SIGINT)
    assert end(process) == (130, b"", b"")


def test_python_m_lazyjobs_is_the_same_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "lazyjobs", "stats", "--json", "--backend", "memory://"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert (run.returncode, json.loads(run.stdout)["total"]) == (0, 0)
