"""The command `lazyjobs control`."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from lazyjobs.cli._backend import add_backend_option, opened_backend
from lazyjobs.cli._ending import close_in_time, leave_at_once, settle_output
from lazyjobs.cli._logging import add_log_options, set_up_logging
from lazyjobs.cli._serving import add_guard_options, control_plane, parse_address, read_guard_options
from lazyjobs.cli._signals import Wakeup, stop_signals
from lazyjobs.cli._target import load_runner
from lazyjobs.cli._telemetry import add_metrics_option, count_records
from lazyjobs.cli._usage import Exit
from lazyjobs.control import Source
from lazyjobs.runner import JobRunner

_DEFAULT = ("127.0.0.1", 8765)
_DESCRIPTION = """\
Serves the control plane until SIGTERM or SIGINT: the page for people and GET /jobs for programs, at /jobs. It runs no
job. On an address beyond loopback it needs a token.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("control", help="serve the control plane and its page", description=_DESCRIPTION)
    add_backend_option(parser)
    parser.add_argument("--app", metavar="package.module:runner", help="show this runner's definitions, on its backend")
    parser.add_argument(
        "--listen",
        type=parse_address,
        default=_DEFAULT,
        metavar="HOST:PORT",
        help=f"where to serve ({_DEFAULT[0]}:{_DEFAULT[1]}); port 0 picks one",
    )
    add_guard_options(parser)
    parser.add_argument("--read-only", action="store_true", help="requeue nothing")
    parser.add_argument(
        "--refresh", type=_refresh, default=timedelta(seconds=2), metavar="SECONDS", help="how often the page asks (2)"
    )
    add_metrics_option(parser)
    add_log_options(parser, "each request and other details")
    parser.set_defaults(run=run, lasting=True)


def run(arguments: argparse.Namespace) -> int:
    """Serves until told to stop; returns the exit code."""
    set_up_logging(arguments)
    options = read_guard_options(arguments)
    options["requeue"] = not arguments.read_only
    options["refresh"] = arguments.refresh
    wakeup = Wakeup()
    with _source(arguments) as source, stop_signals(wakeup):
        counted = source if isinstance(source, JobRunner) else JobRunner(source)
        if arguments.prometheus:
            options["metrics"] = count_records(counted)
        with ExitStack() as serving:
            serving.enter_context(control_plane(source, "--listen", arguments.listen, options))
            wakeup.sleep()
            if not (close_in_time(serving.pop_all()) and settle_output()):
                leave_at_once(Exit.DONE)
    return Exit.DONE


@contextmanager
def _source(arguments: argparse.Namespace) -> Iterator[Source]:
    with ExitStack() as stack:
        if arguments.app is None:
            yield stack.enter_context(opened_backend(arguments))
        else:
            runner = load_runner(arguments.app)
            runner.configure(backend=arguments.backend)
            stack.callback(runner.close)
            yield runner


def _refresh(text: str) -> timedelta:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"must be seconds from 0.1 to 86400, not {text!r}")
    return timedelta(seconds=seconds)
