"""Interrupting a thread between any two lines of a backend's code."""

import random
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_OWN = "lazyjobs_testkit."
_BROKEN = re.compile(r"lazyjobs_testkit\.(zoo\.|areas\.\w+\.mutants)")
_PAUSE = 1e-6
# Where an audit hook is written in Python, threads can change inside settrace, and then a second call of it fails.
_SETTING = threading.Lock()


@contextmanager
def interruptions(seed: int, likelihood: float) -> Iterator[None]:
    """Within it, this thread gives way to others before some lines, chosen at random by the seed.

    An interpreter with a global lock changes threads at few points, so races that are real elsewhere, or under load,
    would hardly ever show. Only Python code outside the kit is interrupted, and its broken backends. Where a debugger
    or a coverage tool already traces the thread, nothing is.
    """
    if not likelihood or sys.gettrace() is not None or threading.gettrace() is not None:
        yield
        return
    tracer = _make_tracer(seed, likelihood)
    with _SETTING:
        sys.settrace(tracer)
    try:
        yield
    finally:
        with _SETTING:
            sys.settrace(None)


def _make_tracer(seed: int, likelihood: float) -> Any:
    draw = random.Random(seed).random  # noqa: S311 (to be reproduced, not to be secret)

    def interrupt(frame: FrameType, event: str, argument: object) -> Any:  # noqa: ARG001 (the signature is Python's)
        if event == "line" and draw() < likelihood:
            time.sleep(_PAUSE)
        return interrupt

    def enter(frame: FrameType, event: str, argument: object) -> Any:  # noqa: ARG001 (the signature is Python's)
        name = str(frame.f_globals.get("__name__", ""))
        return None if name.startswith(_OWN) and not _BROKEN.match(name) else interrupt

    return enter
