"""Playing scripts in processes of their own."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Self

import msgspec

from lazyjobs_testkit.harness import Harness, child_environment
from lazyjobs_testkit.history._meeting import PATIENCE
from lazyjobs_testkit.history._messages import Enlist, Play, Report
from lazyjobs_testkit.history._operation import Operation
from lazyjobs_testkit.history._places import create_places, share_places
from lazyjobs_testkit.history._scripts import Script

_GRACE = 5.0


class CrewError(Exception):
    """A process of a crew did not start, died, or did not answer in time; the message has what it wrote."""


class Crew:
    """Processes with a handle each on one namespace, started once and given scripts again and again.

    A context manager; when it is left every process has ended.
    """

    def __init__(self, harness: type[Harness], namespace: str, size: int = 2) -> None:
        self._harness = harness
        self._namespace = namespace
        self._size = size
        self._exits = ExitStack()
        self._members: list[_Member] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._exits.close()

    def _start(self) -> None:
        directory = Path(self._exits.enter_context(tempfile.TemporaryDirectory(prefix="lazyjobs-crew-")))
        create_places(directory / "places", self._size)
        self._places = self._exits.enter_context(share_places(directory / "places"))
        for place in range(self._size):
            self._members.append(self._exits.enter_context(_hire(directory / f"stderr-{place}")))
        for place, member in enumerate(self._members):
            member.tell(
                Enlist(
                    reference=self._harness.reference(),
                    namespace=self._namespace,
                    places=str(directory / "places"),
                    place=place,
                )
            )
        for member in self._members:
            member.hear(2 * PATIENCE)

    def play(
        self, scripts: Sequence[Script], seconds: float, *, seed: int = 0, interrupted: float = 0.0
    ) -> list[Operation]:
        """Plays a script in each process; every call made. No further round is begun when the seconds are over.

        Raises `CrewError` if a process does not answer within two minutes after that.
        """
        for place in range(self._size):
            self._places[place] = 0
        deadline = time.monotonic() + seconds
        for place, (member, script) in enumerate(zip(self._members, scripts, strict=True)):
            member.tell(Play(script=script, deadline=deadline, seed=seed + place, interrupted=interrupted))
        return [operation for member in self._members for operation in member.hear(seconds + 2 * PATIENCE).operations]


class _Member:
    def __init__(self, process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors

    def tell(self, message: Enlist | Play) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure("ended too early") from None

    def hear(self, seconds: float) -> Report:
        assert self._process.stdout is not None
        watch = threading.Timer(seconds, self._process.kill)
        watch.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            raise self._failure(f"ended, or did not answer within {seconds:.0f} s")
        return msgspec.json.decode(line, type=Report)

    def _failure(self, what: str) -> CrewError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self._errors.seek(0)
        written = self._errors.read().decode(errors="replace").strip()[-2000:]
        return CrewError(f"process {self._process.pid} {what}; it wrote:\n{written or '(nothing)'}")


@contextmanager
def _hire(errors_path: Path) -> Iterator[_Member]:
    with errors_path.open("w+b") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "lazyjobs_testkit.history._child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=child_environment(),
        )
        with process:
            try:
                yield _Member(process, errors)
            finally:
                _dismiss(process)


def _dismiss(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    try:
        process.stdin.close()
        process.wait(_GRACE)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        process.kill()
