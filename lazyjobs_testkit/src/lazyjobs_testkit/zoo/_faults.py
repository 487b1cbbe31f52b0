"""What goes on around a file: requests that are to fail, and a clock that is wrong."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar

T = TypeVar("T")


class FaultSwitch:
    """The switch that `Harness.faults` hands out, and the offset of `set_clock`, for one file in this process."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._failed = 0
        self.arm("before", count=0)

    def arm(self, moment: Literal["before", "after"], count: int = 1, skip: int = 0) -> None:
        self._moment, self._count, self._skip, self._failed = moment, count, skip, 0

    def clear(self) -> int:
        failed = self._failed
        self.arm("before", count=0)
        return failed

    def request(self, act: Callable[[], T]) -> T:
        """Does what the storage is asked to do, unless that is to fail."""
        if self._skip or not self._count:
            self._skip -= bool(self._skip)
            return act()
        self._count -= 1
        self._failed += 1
        if self._moment == "after":
            act()
        raise OSError("the storm took the line")


SWITCHES: defaultdict[Path, FaultSwitch] = defaultdict(FaultSwitch)
"""By file."""
