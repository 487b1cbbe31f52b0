"""What is logged here is fit for any handler: what a job or a stranger wrote stays text, and is cut."""

import logging
import traceback
from types import TracebackType
from typing import TypeAlias

from lazyjobs.texts import block, shorten, visible

__all__ = ["fit", "format_traceback"]

_LONGEST_ARGUMENT = 2_000
_LONGEST_TRACEBACK = 32_000

ExceptionInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]"


def fit(logger: logging.Logger) -> logging.Logger:
    """Makes what is logged by `logger` from now on fit for any handler, and returns it.

    Texts and exceptions among the arguments become one visible line each, and so does a message without arguments. The
    traceback, which formatters take from `exc_text`, becomes a block of lines. `exc_info` stays.
    """
    if not any(isinstance(each, _Fit) for each in logger.filters):
        logger.addFilter(_Fit())
    return logger


def format_traceback(info: ExceptionInfo) -> str:
    """The traceback without a line break at its end; its middle is left out if it is long. Raises nothing."""
    try:
        text = "".join(traceback.format_exception(*info))
    except Exception as error:
        text = f"{info[0]} (its traceback cannot be shown: {type(error).__name__})"
    return shorten(text.rstrip("\n"), _LONGEST_TRACEBACK)


class _Fit(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if not record.args:
            record.msg = _fit_argument(record.msg)
        elif isinstance(record.args, tuple):
            record.args = tuple(_fit_argument(each) for each in record.args)
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            record.exc_text = block(format_traceback(record.exc_info))
        return True


def _fit_argument(argument: object) -> object:
    if not isinstance(argument, str | BaseException):
        return argument
    try:
        text = str(argument)
    except Exception as error:
        text = f"<{type(argument).__name__} that cannot be shown: {type(error).__name__}>"
    return visible(shorten(text, _LONGEST_ARGUMENT))
