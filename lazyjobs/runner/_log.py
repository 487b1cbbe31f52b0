"""The loggers of the runner: `lazyjobs`, and `lazyjobs.jobs` with one record for each attempt that ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import current_thread, main_thread

from lazyjobs.jobs import showable


class Log:
    """Writes to a logger; whatever its handlers raise, and whatever an error is made of, nothing comes back of it."""

    __slots__ = ("_logger", "shows")

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)
        self.shows = self._logger.isEnabledFor
        """Whether what is written at a level goes anywhere."""

    def warning(self, message: str, *args: object, error: BaseException | None = None) -> None:
        """Something that a person may want to know."""
        self.write(logging.WARNING, message, *args, error=error)

    def error(self, message: str, *args: object, error: BaseException | None = None) -> None:
        """Something that is wrong, with the traceback of `error`."""
        self.write(logging.ERROR, message, *args, error=error)

    def write(
        self,
        level: int,
        message: str,
        *args: object,
        error: BaseException | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        """One record, with the traceback of `error` and the fields of `extra`."""
        try:
            if self._logger.isEnabledFor(level):
                shown = None if error is None else showable(error)
                self._logger.log(level, message, *args, exc_info=shown, extra=extra, stacklevel=3)
        except BaseException as failure:
            if is_interrupt(failure):
                raise


LOG = Log("lazyjobs")
"""For all but the outcomes of attempts."""


def is_interrupt(error: BaseException) -> bool:
    """Whether `error` is somebody's Ctrl-C, which only the main thread gets, and not what a stranger raised."""
    return isinstance(error, KeyboardInterrupt) and current_thread() is main_thread()
