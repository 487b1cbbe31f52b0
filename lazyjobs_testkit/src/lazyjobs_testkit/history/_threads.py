"""Playing scripts in threads."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lazyjobs import Backend
from lazyjobs_testkit.history._interruptions import interruptions
from lazyjobs_testkit.history._meeting import PATIENCE, Meeting
from lazyjobs_testkit.history._operation import Operation
from lazyjobs_testkit.history._recorder import Recorder
from lazyjobs_testkit.history._scripts import Script

_SWITCH_INTERVAL = 1e-6


def play_in_threads(
    handles: Sequence[tuple[str, Backend]],
    scripts: Sequence[Script],
    seconds: float,
    *,
    place: str = "",
    seed: int = 0,
    interrupted: float = 0.0,
) -> list[Operation]:
    """Plays each script in a thread of its own, on the handle of the same number (name and backend); every call made.

    No script begins a further round when the seconds are over. A call that does not return for a minute counts as
    unknown, and its thread is left behind. `place` goes before the threads' names; `interrupted` is how likely
    a thread gives way before a line of the backend's code.
    """
    places = [0] * len(scripts)
    deadline = time.monotonic() + seconds
    recorders: list[Recorder] = []
    threads: list[threading.Thread] = []
    for number, ((name, backend), script) in enumerate(zip(handles, scripts, strict=True)):
        recorder = Recorder(backend, caller=f"{place}thread {number + 1}", handle=f"{place}{name}")
        meeting = Meeting(places, number, deadline)
        recorders.append(recorder)
        threads.append(
            threading.Thread(target=_play, args=(script, recorder, meeting, seed + number, interrupted), daemon=True)
        )
    with frequent_switches():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline + PATIENCE - time.monotonic()))
    return [operation for recorder in recorders for operation in recorder.operations()]


def _play(script: Script, recorder: Recorder, meeting: Meeting, seed: int, interrupted: float) -> None:
    try:
        with interruptions(seed, interrupted):
            script.play(recorder, meeting)
    finally:
        meeting.leave()


@contextmanager
def frequent_switches() -> Iterator[None]:
    """The interpreter changes threads as often as it can, so that what is not locked is interrupted midway."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
