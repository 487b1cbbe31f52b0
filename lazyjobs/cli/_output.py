"""What a command writes: results on standard output, remarks on standard error."""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, redirect_stdout, suppress
from typing import TextIO

import msgspec

from lazyjobs.texts import one_line, shorten, visible

_LONGEST_REMARK = 4000


class OutputError(Exception):
    """The results could not be written."""


def show(lines: Iterable[str]) -> None:
    """Writes result lines; what the output's encoding lacks is written as an escape.

    Raises `OutputError`, or BrokenPipeError if whoever read them has gone.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for line in lines:
        try:
            print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"the command is done, but its output cannot be written: {error}") from error


def to_json(value: object) -> str:
    """One line of JSON in ASCII alone, so that nothing in it reaches a terminal as more than text."""
    return json.dumps(msgspec.to_builtins(value)).replace("\x7f", r"\u007f")


def aside() -> AbstractContextManager[object]:
    """What foreign code prints inside goes to standard error, where it does not mix with results."""
    return redirect_stdout(sys.stderr)


def tell(remark: str) -> None:
    """Writes one line beside the results, if anybody takes it."""
    _tell(f"lazyjobs: {one_line(shorten(remark, _LONGEST_REMARK))}")


def tell_lines(text: str) -> None:
    """The same of a text that has lines of its own, such as a traceback."""
    _tell(visible(text, spare="\n"))


def _tell(text: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)


def terminal_width() -> int | None:
    """How many cells a line of standard output has; None if nothing limits it, as in a pipe or a file."""
    if os.environ.get("COLUMNS", "").isdecimal() or (sys.stdout is not None and sys.stdout.isatty()):
        return shutil.get_terminal_size().columns
    return None


def flush() -> None:
    """Writes what is still buffered, of foreign code too. That nobody takes it changes nothing any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            silence(stream)


def silence(stream: TextIO | None) -> None:
    """Nothing more is written there, not even what is buffered, which would change the exit code."""
    if stream is None:
        return
    with suppress(OSError, ValueError):  # it may be closed, or no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
