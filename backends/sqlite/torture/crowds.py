"""Several processes of many threads at work, from outside."""

import pickle
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Self

from lazyjobs_testkit.crash import KILLED, Site
from lazyjobs_testkit.harness import child_environment
from lazyjobs_testkit.history import Operation

_PATIENCE = 30.0
_FEW = 2
_CALL = 1000
"""About how many bytes a thread writes down of one."""


class Crowd:
    """One process of many threads; leaving it kills it."""

    def __init__(self, site: Site, seed: int, threads: int, directory: Path) -> None:
        self._directory = directory
        directory.mkdir()
        command = [sys.executable, "-m", "torture.crowd", site.namespace, str(seed), str(threads), str(directory)]
        self._process = subprocess.Popen(
            command, env=child_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Sends SIGKILL, and returns when it is gone."""
        self._process.kill()
        self._process.communicate()

    def end(self) -> None:
        """Lets it end of itself; raises `AssertionError` if it does not, or not well."""
        _, errors = self._process.communicate(timeout=_PATIENCE)
        assert self._process.returncode == 0, errors

    def await_work(self, calls: int) -> None:
        """Returns when it has made about so many calls."""
        deadline = time.monotonic() + _PATIENCE
        while sum(file.stat().st_size for file in self._directory.iterdir()) < calls * _CALL:
            assert self._process.poll() is None, self._process.communicate()[1]
            assert time.monotonic() < deadline, "a process does not begin to work"
            time.sleep(0.005)

    def operations(self) -> Iterator[Operation]:
        """All its calls; what had not been answered when it was killed may have happened."""
        for file in self._directory.iterdir():
            yield from _read(file)


@contextmanager
def crowds(
    site: Site, choices: random.Random, directory: Path, *, processes: int, threads: int
) -> Iterator[Sequence[Crowd]]:
    """So many processes at work; in the end they are killed and their calls are noted."""
    directory.mkdir()
    with ExitStack() as exits:
        begun = [
            exits.enter_context(Crowd(site, choices.getrandbits(32), threads, directory / f"crowd{number}"))
            for number in range(processes)
        ]
        for crowd in begun:
            crowd.await_work(_FEW)
        yield begun
    for crowd in begun:
        for operation in crowd.operations():
            site.note(operation)


def _read(file: Path) -> Iterator[Operation]:
    unanswered: Operation | None = None
    with file.open("rb") as told:
        while (operation := _read_one(told)) is not None:
            if operation.answer == KILLED:
                unanswered = operation
            else:
                yield operation
                unanswered = None
    if unanswered is not None:
        yield unanswered


def _read_one(told: BinaryIO) -> Operation | None:
    """The next; None at the end, which may be in the middle of one."""
    try:
        operation: Operation = pickle.load(told)
    except (EOFError, pickle.UnpicklingError):
        return None
    return operation
