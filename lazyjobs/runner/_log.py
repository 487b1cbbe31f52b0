"""The loggers of the runner: `lazyjobs`, and `lazyjobs.jobs` with one record for each attempt that ended."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping

from lazyjobs.jobs import name_of, text_of
from lazyjobs.runner._guard import is_interrupt

_LONGEST_TRACEBACK = 100_000


class Log:
    """Writes to a logger; whatever its handlers raise, and whatever an error is made of, nothing comes back of it."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def shows(self, level: int) -> bool:
        """Whether what is written at `level` goes anywhere."""
        return self._logger.isEnabledFor(level)

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
                shown = None if error is None else _showable(error)
                self._logger.log(level, message, *args, exc_info=shown, extra=extra, stacklevel=3)
        except BaseException as failure:
            if is_interrupt(failure):
                raise


def _showable(error: BaseException) -> BaseException:
    """`error` if a handler can write it; else a stand-in of the same name, with what can be told of it."""
    try:
        if sum(map(len, traceback.format_exception(error))) <= _LONGEST_TRACEBACK:
            return error
    except BaseException as failure:
        if is_interrupt(failure):
            raise
    module, _, name = name_of(error).rpartition(".")
    stand_in = type(name, (Exception,), {"__module__": module or "builtins"})
    shown: BaseException = stand_in(text_of(error))
    return shown.with_traceback(BaseException.__dict__["__traceback__"].__get__(error))


LOG = Log("lazyjobs")
"""For all but the outcomes of attempts."""
