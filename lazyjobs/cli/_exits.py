"""The exit codes of every command."""

from enum import IntEnum


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
