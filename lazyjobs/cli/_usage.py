"""What a command line can get wrong, and the parser that says so."""

import argparse
from typing import NoReturn

from lazyjobs.cli._exits import Exit
from lazyjobs.texts import one_line


class UsageError(Exception):
    """A command line that cannot be followed; the message says which part, and how to write it."""


class UnsupportedError(Exception):
    """The backend lacks what the command needs; the message says what, and what to do instead."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the usage of the command."""

    def error(self, message: str) -> NoReturn:
        """Ends the process with the exit code of a wrong command line."""
        self.exit(Exit.USAGE, f"{self.prog}: error: {one_line(message)}; {self.prog} --help says what there is\n")
