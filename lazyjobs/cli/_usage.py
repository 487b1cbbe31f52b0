"""What a command line can get wrong, how a command says so, and the exit codes of all."""

import argparse
from collections.abc import Collection
from difflib import get_close_matches
from enum import IntEnum
from typing import NoReturn

from lazyjobs.texts import one_line


class Exit(IntEnum):
    """What a command ends with; the table in docs/command-line.md says the same."""

    DONE = 0
    INCOMPLETE = 1
    """It ran, and not all is well: jobs that a worker left running, a backend that is broken."""
    USAGE = 2
    """The command line, or what it names, makes no sense; nothing was done."""
    BACKEND = 3
    """The storage failed, or gave no answer."""
    UNSUPPORTED = 4
    """The backend cannot do what was asked, and never will."""
    INTERRUPTED = 130
    """128 and SIGINT, as a shell has it."""
    HUNG_UP = 141
    """128 and SIGPIPE: whoever read the output had enough."""


def suggest(written: str, known: Collection[str]) -> str:
    """The end of a message: the nearest of the known names, or all of them."""
    near = get_close_matches(written, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(sorted(known)) or 'none'}"


class UsageError(Exception):
    """A command line that cannot be followed; the message says which part, and how to write it."""


class UnsupportedError(Exception):
    """The backend lacks what the command needs; the message says what, and what to do instead."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the usage of the command."""

    def error(self, message: str) -> NoReturn:
        """Ends the process with the exit code of a wrong command line."""
        self.exit(Exit.USAGE, f"{self.prog}: error: {one_line(message)}; {self.prog} --help says what there is\n")
