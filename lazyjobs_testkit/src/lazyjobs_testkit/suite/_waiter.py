"""A wait in a thread of its own, so that a wait that never ends fails its test and nothing more."""

import threading
import time
from datetime import timedelta

from lazyjobs import BackendClosedError, SupportsWait, WaitParams
from lazyjobs_testkit.suite._bench import Bench

_HEAD_START = 0.05


class Waiter:
    """Waits on `default` from the moment it is built: once, or for as long as the answer is True."""

    def __init__(self, bench: Bench, timeout: timedelta, *, again: bool = False) -> None:
        self.answer: bool | None = None
        """What wait returned; None while it waits, or if it raised."""
        self.closed = False
        """Whether wait raised `BackendClosedError`."""
        self.error: Exception | None = None
        """What else it raised."""
        self.seconds = 0.0
        """How long it waited."""
        self._waiting = bench.supports(SupportsWait)
        self._params = WaitParams(timeout=timeout)
        self._again = again
        # A daemon, since nothing can end a wait that does not end.
        self._thread = threading.Thread(target=self._wait, name="lazyjobs-kit-waiter", daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        began = time.monotonic()
        try:
            while (answer := self._waiting.wait(self._params)) and self._again:
                pass
            self.answer = answer
        except BackendClosedError:
            self.closed = True
        except Exception as error:
            self.error = error
        finally:
            self.seconds = time.monotonic() - began

    def fall_asleep(self) -> None:
        """Gives it the time to reach the storage; whatever comes before that, wait has to notice too."""
        self._thread.join(_HEAD_START)

    def returns_within(self, time: timedelta) -> bool:
        """Whether the wait ends in that time; raises what it raised, except for `BackendClosedError`."""
        self._thread.join(time.total_seconds())
        if self.error is not None:
            raise self.error
        return not self._thread.is_alive()
