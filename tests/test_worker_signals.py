"""How the main thread of a worker process sleeps, and what wakes it."""

import ctypes
import os
import signal
import threading
from functools import partial
from operator import call

import pytest

from lazyjobs.cli._signals import Wakeup, stop_signals
from tests.support.waiting import wait_until

PATIENCE = 2.0
STOPPING = (signal.SIGTERM, signal.SIGINT)

raise_in_c = ctypes.PyDLL(None)["raise"]
"""Raises a signal, and leaves its handler to the next bytecode of the interpreter."""


def is_woken(wakeup: Wakeup) -> bool:
    """Sleeps; False if nothing else ended that for so long that this did."""
    gave_up = threading.Event()

    def give_up() -> None:
        gave_up.set()
        wakeup.wake()

    timer = threading.Timer(PATIENCE, give_up)
    timer.start()
    wakeup.sleep()
    timer.cancel()
    timer.join()
    return not gave_up.is_set()


def test_a_wake_before_the_sleep_counts() -> None:
    wakeup = Wakeup()
    wakeup.wake()
    assert is_woken(wakeup)


def test_another_thread_wakes_the_sleeper() -> None:
    wakeup = Wakeup()
    threading.Thread(target=wakeup.wake).start()
    assert is_woken(wakeup)


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_wakes_the_sleeper(number: signal.Signals) -> None:
    wakeup = Wakeup()
    with stop_signals(wakeup):
        threading.Thread(target=os.kill, args=(os.getpid(), number)).start()
        assert is_woken(wakeup)


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_at_the_very_beginning_of_the_sleep_is_not_slept_through(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    read = os.read
    steps: list[object] = []

    def read_after_signal(descriptor: int, length: int) -> bytes:
        # There is no bytecode between the signal and the read, so no handler can run there.
        steps.extend(map(call, [partial(raise_in_c, number), partial(read, descriptor, length)]))
        answer = steps[-1]
        assert isinstance(answer, bytes)
        return answer

    wakeup = Wakeup()
    monkeypatch.setattr(os, "read", read_after_signal)
    with stop_signals(wakeup):
        assert is_woken(wakeup)
    assert steps


def test_a_signal_that_is_not_for_stopping_is_handled_and_does_not_end_the_sleep() -> None:
    wakeup = Wakeup()
    events: list[str] = []

    def disturb() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        wait_until(lambda: events)
        events.append("wake")
        wakeup.wake()

    before = signal.signal(signal.SIGUSR1, lambda *_: events.append("handled"))
    try:
        with stop_signals(wakeup):
            threading.Thread(target=disturb).start()
            assert is_woken(wakeup)
            events.append("woken")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert events == ["handled", "wake", "woken"]


def test_after_the_first_signal_both_have_their_default_and_at_the_end_what_they_had_before() -> None:
    handlers = [signal.getsignal(number) for number in STOPPING]
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    wakeup = Wakeup()
    with stop_signals(wakeup):
        signal.raise_signal(signal.SIGTERM)
        assert [signal.getsignal(number) for number in STOPPING] == [signal.SIG_DFL, signal.SIG_DFL]
    assert [signal.getsignal(number) for number in STOPPING] == handlers
    assert signal.set_wakeup_fd(descriptor) == descriptor
