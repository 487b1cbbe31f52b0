"""The command `lazyjobs`: its commands, and how each of them may end."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version

from lazyjobs.cli import _backends, _control, _enqueue, _list, _prune, _stats, _worker
from lazyjobs.cli._completion import complete
from lazyjobs.cli._init import run_below_init
from lazyjobs.cli._output import OutputError, flush, silence, tell
from lazyjobs.cli._signals import interruptible
from lazyjobs.cli._usage import Exit, Parser, UnsupportedError, UsageError
from lazyjobs.contract import BackendError, LazyJobsError

_COMMANDS = (_worker, _control, _stats, _list, _enqueue, _prune, _backends)


def main(arguments: Sequence[str] | None = None, *, whole_process: bool | None = None) -> int:
    """Runs the command that `arguments` (the process's own by default) ask for; returns its exit code.

    `whole_process` says that the process is there for the command, as it is unless given if the arguments are its own.
    Then, as the first process of a container, it leaves the command to a child.
    """
    try:
        with interruptible():
            return _run(arguments, whole_process=arguments is None if whole_process is None else whole_process)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)
        return Exit.HUNG_UP
    finally:
        flush()


def _run(arguments: Sequence[str] | None, *, whole_process: bool) -> int:
    parser = make_parser()
    complete(parser)
    parsed = parser.parse_args(arguments)
    run = partial(_follow, parsed)
    return run_below_init(run) if whole_process and parsed.lasting else run()


def _follow(parsed: argparse.Namespace) -> int:
    try:
        code: int = parsed.run(parsed)
    except OutputError as error:
        silence(sys.stdout)
        return _end(error, Exit.INCOMPLETE)
    except UnsupportedError as error:
        return _end(error, Exit.UNSUPPORTED)
    except BackendError as error:
        return _end(error, Exit.BACKEND)
    except (UsageError, LazyJobsError) as error:
        return _end(error, Exit.USAGE)
    return code


def _end(error: Exception, code: Exit) -> Exit:
    tell(str(error))
    return code


def make_parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(prog="lazyjobs", description="Background jobs over storage that can be swapped.")
    parser.add_argument("--version", action="version", version=f"lazyjobs {version('lazyjobs')}")
    parser.set_defaults(lasting=False)
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser
