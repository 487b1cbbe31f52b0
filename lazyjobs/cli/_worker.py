"""The command `lazyjobs worker`."""

import argparse
import logging
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from threading import Thread

from lazyjobs.cli._announcement import announce, warn_of_idle_queues
from lazyjobs.cli._completion import complete_by, propose_urls
from lazyjobs.cli._ending import Aside, close_in_time, leave_at_once, log_aside, settle_output
from lazyjobs.cli._logging import add_log_options, logging_begun
from lazyjobs.cli._options import read_count, read_queue
from lazyjobs.cli._serving import add_guard_options, control_plane, parse_address, read_guard_options
from lazyjobs.cli._signals import Wakeup, stop_signals
from lazyjobs.cli._target import load_runner
from lazyjobs.cli._telemetry import add_telemetry_options, observe
from lazyjobs.cli._usage import Exit
from lazyjobs.contract import BackendError, WaitParams
from lazyjobs.jobs import name_of, text_of
from lazyjobs.runner import JobRunner

_A_MOMENT = timedelta(seconds=1)
_ALLOWANCE = timedelta(seconds=3)
"""How long the end may take beyond the stop timeout; the runner gives what it cancels a second of it."""
_DESCRIPTION = """\
Runs the jobs of the JobRunner found at package.module:runner until SIGTERM or SIGINT. The first signal stops claiming
and lets the jobs in flight end; a second one ends the process at once, and what it was running comes back when its
lease has ended. Exits with 0, with 1 if jobs were still running when the stop timeout had passed, or with 3 if --drain
was given up since the backend fails.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("worker", help="run jobs until told to stop", description=_DESCRIPTION)
    parser.add_argument("target", metavar="package.module:runner", help="where the application's JobRunner is")
    backend = parser.add_argument(
        "--backend", metavar="URL", help="instead of the runner's own, or of LAZYJOBS_BACKEND"
    )
    complete_by(backend, propose_urls)
    parser.add_argument("--workers", type=read_count, metavar="N", help="how many jobs run at once")
    parser.add_argument(
        "--queue", type=read_queue, action="append", metavar="NAME", help="watch only this; may be repeated"
    )
    parser.add_argument("--drain", action="store_true", help="run all that is due, then exit")
    parser.add_argument(
        "--control", type=parse_address, metavar="HOST:PORT", help="serve the control plane there; 0 picks a port"
    )
    add_guard_options(parser)
    parser.add_argument(
        "--stop-timeout",
        type=_seconds,
        default=timedelta(seconds=30),
        metavar="SECONDS",
        help="how long jobs in flight may take to end (30)",
    )
    add_telemetry_options(parser)
    add_log_options(parser, "details")
    parser.set_defaults(run=run, lasting=True)


def run(arguments: argparse.Namespace) -> int:
    """Runs until stopped or drained; returns the exit code. Raises `BackendError` if a drain gave up."""
    with logging_begun(arguments):
        runner = load_runner(arguments.target)
        runner.configure(backend=arguments.backend, workers=arguments.workers, queues=arguments.queue)
        observe(runner, arguments)
    wakeup = Wakeup()
    with stop_signals(wakeup), ExitStack() as serving:
        options = read_guard_options(arguments)
        if arguments.control is not None:
            serving.enter_context(control_plane(runner, "--control", arguments.control, options))
        announce(runner)
        _start(runner, wakeup, until_idle=arguments.drain)
        looking = Aside(partial(warn_of_idle_queues, runner))
        wakeup.sleep()
        if arguments.drain:
            looking.wait(_A_MOMENT)
        ended = _stop(runner, arguments.stop_timeout)
        code = _choose_code(ended, runner.drain_failure)
        if not (ended and close_in_time(serving.pop_all()) and settle_output()):
            leave_at_once(code)
    if code is Exit.BACKEND:
        _raise_failure(runner.drain_failure)
    return code


def _choose_code(ended: bool, failure: BaseException | None) -> Exit:
    if not ended:
        return Exit.INCOMPLETE
    return Exit.DONE if failure is None else Exit.BACKEND


def _raise_failure(error: BaseException | None) -> None:
    if isinstance(error, BackendError):
        raise error
    if error is not None:
        raise BackendError(f"draining was given up: {name_of(error)}: {text_of(error)}") from error


def _start(runner: JobRunner, wakeup: Wakeup, *, until_idle: bool) -> None:
    runner.start(until_idle=until_idle)

    def wake_when_ended() -> None:
        runner.join()
        wakeup.wake()

    Thread(target=wake_when_ended, name="lazyjobs-join", daemon=True).start()


def _stop(runner: JobRunner, timeout: timedelta) -> bool:
    """Whether every job has ended in time. Returns in time even if all that writes to the log is stuck in there."""
    was_running = runner.running
    stopping = Aside(partial(_end, runner, timeout))
    if was_running:
        note = "stopping: jobs in flight have %s; another signal ends the process at once"
        log_aside(logging.INFO, note, timeout)
    return stopping.wait(timeout + _ALLOWANCE) is True


def _end(runner: JobRunner, timeout: timedelta) -> bool:
    ended = runner.stop(timeout)
    runner.close()
    return ended


def _seconds(text: str) -> timedelta:
    try:
        return WaitParams(timeout=timedelta(seconds=float(text))).timeout
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"must be seconds from 0 to those of 366 days, not {text!r}") from error
