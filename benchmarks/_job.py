"""The job that every contender runs, and the count of its runs."""

import time
from collections.abc import Callable
from itertools import count
from threading import Event

TEXT = "x" * 89
PAYLOAD = b'{"text":"%b"}' % TEXT.encode()
"""The job's fields as JSON: 100 bytes."""
TIMEOUT = 120.0
"""Seconds after which a measurement that makes no progress is given up."""


class Runs:
    """Counts the runs of the job in this process and knows when the expected one began."""

    def __init__(self) -> None:
        self.expect(1)

    def expect(self, number: int) -> None:
        """Starts counting anew, up to `number`."""
        self._numbers = count(1)
        self._expected = number
        self._reached = Event()
        self._text = ""
        self.reached_at = 0

    def add(self, text: str) -> None:
        """Counts one run; safe among threads, since drawing a number from a count is one step."""
        if next(self._numbers) == self._expected:
            self.reached_at = time.perf_counter_ns()
            self._text = text
            self._reached.set()

    def wait(self) -> None:
        """Returns once the expected run has begun; raises TimeoutError if it does not."""
        if not self._reached.wait(TIMEOUT):
            raise TimeoutError(f"only {next(self._numbers) - 1} of {self._expected} jobs ran within {TIMEOUT:.0f} s")

    def check(self) -> None:
        """Raises RuntimeError unless exactly the expected number ran and the payload came through."""
        ran = next(self._numbers) - 1
        if ran != self._expected or self._text != TEXT:
            raise RuntimeError(f"{ran} jobs ran where {self._expected} were enqueued; the last text was {self._text!r}")


runs = Runs()


def noop(text: str) -> None:
    """Does nothing but be counted: the work of every job here."""
    runs.add(text)


def wait_until(condition: Callable[[], bool]) -> None:
    """Asks again and again, for use when only the last few acknowledgements are outstanding."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the last jobs ran but were not acknowledged within {TIMEOUT:.0f} s")
        time.sleep(0)
