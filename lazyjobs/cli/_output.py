"""What a command writes: results on standard output, remarks on standard error."""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, redirect_stdout

import msgspec

from lazyjobs.texts import one_line


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
    """Writes one line beside the results."""
    print(f"lazyjobs: {one_line(remark)}", file=sys.stderr)


def terminal_width() -> int | None:
    """How many cells a line of standard output has; None if nothing limits it, as in a pipe or a file."""
    if os.environ.get("COLUMNS", "").isdecimal() or (sys.stdout is not None and sys.stdout.isatty()):
        return shutil.get_terminal_size().columns
    return None


def silence() -> None:
    """Nothing more is written to standard output, not even what is buffered."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    finally:
        os.close(nowhere)
