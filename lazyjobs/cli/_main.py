"""The command `lazyjobs`: its commands, and how each of them may end."""

import sys
from collections.abc import Sequence
from importlib.metadata import version

from lazyjobs.cli import _control, _worker
from lazyjobs.cli._exits import Exit
from lazyjobs.cli._output import silence, tell
from lazyjobs.cli._usage import Parser, UnsupportedError, UsageError
from lazyjobs.contract import BackendError, LazyJobsError

_COMMANDS = (_worker, _control)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that `arguments` (the process's own by default) ask for; returns its exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        silence()
        return Exit.HUNG_UP


def _run(arguments: Sequence[str] | None) -> int:
    parsed = make_parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
        if sys.stdout is not None:
            sys.stdout.flush()
    except UnsupportedError as error:
        tell(str(error))
        return Exit.UNSUPPORTED
    except BackendError as error:
        tell(str(error))
        return Exit.BACKEND
    except (UsageError, LazyJobsError) as error:
        tell(str(error))
        return Exit.USAGE
    return code


def make_parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(prog="lazyjobs", description="Background jobs over storage that can be swapped.")
    parser.add_argument("--version", action="version", version=f"lazyjobs {version('lazyjobs')}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser
