"""LEK: what closing gives back.

A handle is opened, used by two threads and closed, time and again. What stays once for all, such as a pool that the
process shares, is no leak; what stays each time is one.
"""

import gc
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from lazyjobs import (
    Backend,
    ClaimParams,
    CompleteParams,
    InsertParams,
    RetryParams,
    SupportsClose,
    SupportsWait,
    WaitParams,
)
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._kills import namespaces
from lazyjobs_testkit.suite._support import PAST

_RELEASES = "Releases everything and wakes those who wait; closing again does nothing."

Listing = Callable[[], Sequence[str]]

_CYCLES = 10
_WARM_UP = 2
_PATIENCE = 2.0
_SHOWN = 3
_DESCRIPTORS = (Path("/proc/self/fd"), Path("/dev/fd"))


class LeakTests:
    @rule(
        "LEK-01",
        "opening, using and closing again and again leaves no thread behind",
        text=_RELEASES,
        level=Level.CAPABILITY,
        cause="close asks a thread to end and does not see to it that it does",
        capability=SupportsClose,
        needs=(
            "CLM-01",
            "WAI-03",
            "INS-06",
        ),
    )
    def test_closing_leaves_no_thread_behind(self, bench: Bench) -> None:
        assert_no_growth(bench, "threads", list_threads)

    @rule(
        "LEK-02",
        "opening, using and closing again and again leaves no file or socket open",
        text=_RELEASES,
        level=Level.CAPABILITY,
        cause="one connection a thread, of which close closes the caller's; or a client whose pool is never closed",
        capability=SupportsClose,
        needs=(
            "CLM-01",
            "WAI-03",
            "INS-06",
        ),
    )
    def test_closing_leaves_no_descriptor_open(self, bench: Bench) -> None:
        if not any(path.is_dir() for path in _DESCRIPTORS):
            bench.blocked(f"{sys.platform} does not tell what a process has open")
        assert_no_growth(bench, "open files and sockets", list_descriptors)

    @rule(
        "LEK-03",
        "opening, using and closing again and again leaves no temporary file behind",
        text=_RELEASES,
        level=Level.CAPABILITY,
        cause="a temporary file that is made to be renamed, and stays when there was nothing to write",
        capability=SupportsClose,
        needs=(
            "CLM-01",
            "WAI-03",
            "INS-06",
        ),
    )
    def test_closing_leaves_no_temporary_file_behind(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        assert_no_growth(
            bench, "temporary files", lambda: [path.name for path in tmp_path.rglob("*") if path.is_file()]
        )


def assert_no_growth(bench: Bench, what: str, listing: Listing) -> None:
    """Fails if there is one more of them each time that a handle was opened, used and closed."""
    open_use_and_close(bench, _WARM_UP)
    before = Counter(listing())
    open_use_and_close(bench, _CYCLES)
    deadline = time.monotonic() + _PATIENCE
    while (more := _growth(before, listing())) and time.monotonic() < deadline:
        time.sleep(0.01)
    shown = ", ".join(list(more)[:_SHOWN])
    assert not more, (
        f"{more.total()} more {what} after a handle was opened, used and closed {_CYCLES} times: {shown}, …"
    )


def _growth(before: Counter[str], now: Sequence[str]) -> Counter[str]:
    """What there is more of, if there is so much more that each cycle must have left something."""
    gc.collect()
    more = Counter(now) - before
    return more if len(now) - before.total() >= _CYCLES else Counter()


def open_use_and_close(bench: Bench, times: int) -> None:
    """Opens handles on a fresh namespace, which is destroyed in the end, one after the other."""
    with namespaces(bench) as create:
        namespace = create()
        for _ in range(times):
            backend = bench.harness.open(create() if bench.traits.single_instance else namespace)
            assert isinstance(backend, SupportsClose)
            try:
                _use_in_two_threads(backend)
            finally:
                backend.close()


def _use_in_two_threads(backend: Backend) -> None:
    thread = threading.Thread(target=_use, args=(backend,))
    thread.start()
    thread.join()
    _use(backend)


def _use(backend: Backend) -> None:
    backend.insert(InsertParams(kind=KIND, run_at=PAST))
    if (record := backend.claim(ClaimParams())) is not None:
        backend.retry(RetryParams(id=record.id, attempt=record.attempt))
    if (record := backend.claim(ClaimParams())) is not None:
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    if isinstance(backend, SupportsWait):
        backend.wait(WaitParams(timeout=timedelta(milliseconds=1)))
    backend.list()
    backend.stats()


def list_threads() -> Sequence[str]:
    """The threads of this process by name; those that Python did not start by number, where the system tells."""
    tasks = Path("/proc/self/task")
    known = {thread.native_id: thread.name for thread in threading.enumerate()}
    if not tasks.is_dir():
        return list(known.values())
    return [known.get(int(task.name), f"thread {task.name}") for task in tasks.iterdir()]


def list_descriptors() -> Sequence[str]:
    """What this process has open, by what each descriptor leads to."""
    directory = next(path for path in _DESCRIPTORS if path.is_dir())
    return [_target(path) for path in directory.iterdir()]


def list_files(directory: Path) -> Sequence[str]:
    """The files below a directory."""
    return [str(path) for path in directory.rglob("*") if path.is_file()]


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return f"descriptor {descriptor.name}"
