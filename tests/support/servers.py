"""Programs that serve HTTP, started for a test on a port of their own choice."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

from tests.support.waiting import GENEROUS, wait_until

ROOT = Path(__file__).parents[2]
_URL = re.compile(r"http://127\.0\.0\.1:([1-9]\d*)")


@contextmanager
def serving(*arguments: str, cwd: Path, **variables: str) -> Iterator[str]:
    """Runs `python ARGUMENTS` until the end of the block, then sends SIGTERM; gives the URL that it says it serves."""
    written: list[str] = []
    with start(*arguments, cwd=cwd, **variables) as process:
        assert process.stdout is not None
        reader = Thread(target=_read, args=(process.stdout, written), daemon=True)
        reader.start()
        try:
            wait_until(lambda: _URL.search("".join(written)) or process.poll() is not None, what="a server")
            found = _URL.search("".join(written))
            assert found is not None, "".join(written)
            yield found[0]
            process.send_signal(signal.SIGTERM)
            process.wait(GENEROUS.total_seconds())
        finally:
            process.kill()
            reader.join()


def start(*arguments: str, cwd: Path, **variables: str) -> "subprocess.Popen[str]":
    """Starts `python ARGUMENTS` in `cwd` with the checkout importable."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*arguments: str, cwd: Path, **variables: str) -> str:
    """Runs `python ARGUMENTS` to its end, which must be a success; returns what it wrote."""
    with start(*arguments, cwd=cwd, **variables) as process:
        try:
            written, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, written
    return written


def _read(stream: IO[str], written: list[str]) -> None:
    written.extend(stream)
