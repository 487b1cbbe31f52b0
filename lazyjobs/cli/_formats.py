"""The forms of a log: text, one line a record, and JSON."""

import copy
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from lazyjobs.logs import format_traceback
from lazyjobs.texts import block, shorten, visible

_LAYOUT = "%(asctime)s %(levelname)s %(message)s"
_LONGEST_MESSAGE = 8_000
_LONGEST_EXTRAS = 100_000
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OWN = ("time", "level", "logger", "message", "exception", "stack")


class Text(logging.Formatter):
    """A line a record, and below it, indented, the traceback.

    Whatever is in a message stays in its line, and nothing in either can look like a record of its own.
    """

    def __init__(self, layout: str = _LAYOUT) -> None:
        super().__init__(layout)

    def format(self, record: logging.LogRecord) -> str:
        """The lines."""
        return "\n".join([self._head(record), *map(block, _details(record).values())])

    def _head(self, record: logging.LogRecord) -> str:
        bare = copy.copy(record)
        bare.msg, bare.args = shorten(_message(record), _LONGEST_MESSAGE), None
        bare.exc_info = bare.exc_text = bare.stack_info = None
        return visible(super().format(bare))


class Line(Text):
    r"""A line a record, the traceback at its end with its line breaks as `\n`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return " | ".join([self._head(record), *map(visible, _details(record).values())])


class Json(logging.Formatter):
    """An object a line, in ASCII alone: what docs/telemetry.md lists, and what else a record was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": shorten(_message(record), _LONGEST_MESSAGE),
        }
        extras = {name: _plain(value) for name, value in vars(record).items() if _is_extra(name)}
        details = _details(record)
        with suppress(TypeError, ValueError, RecursionError):  # keys that are no text, NaN, what contains itself
            if len(_encode(extras)) <= _LONGEST_EXTRAS:
                return _encode(fields | extras | details)
        return _encode(fields | {name: _tell(value) for name, value in extras.items()} | details)


FORMATS: Mapping[str, Callable[[], logging.Formatter]] = {"text": Text, "line": Line, "json": Json}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # a record is never lost for what somebody else's argument raises
        if not record.args:
            return _tell(record.msg)
        return f"{_tell(record.msg)} (its arguments cannot be shown: {type(error).__name__})"


def _details(record: logging.LogRecord) -> dict[str, str]:
    """The traceback, and the stack where one was asked for."""
    found: dict[str, str] = {}
    if record.exc_info and record.exc_info[0] is not None:
        found["exception"] = format_traceback(record.exc_info)
    elif record.exc_text:
        found["exception"] = shorten(record.exc_text, _LONGEST_MESSAGE)
    if record.stack_info:
        found["stack"] = shorten(record.stack_info, _LONGEST_MESSAGE)
    return found


def _encode(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, default=_tell, allow_nan=False).replace("\x7f", r"\u007f")


def _is_extra(name: str) -> bool:
    return name not in _STANDARD and name not in _OWN and not name.startswith("_")


def _plain(value: object) -> object:
    return shorten(value, _LONGEST_MESSAGE) if isinstance(value, str) else value


def _tell(value: object) -> str:
    try:
        return shorten(str(value), _LONGEST_MESSAGE)
    except Exception as error:
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
