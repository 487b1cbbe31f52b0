"""The command `lazyjobs enqueue`."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from lazyjobs.cli._backend import add_backend_option, lives_in_one_process, opened_backend, opened_url
from lazyjobs.cli._checking import check_fields, find_definition
from lazyjobs.cli._completion import complete_by
from lazyjobs.cli._options import add_json_option, read_count, read_kind, read_queue
from lazyjobs.cli._output import aside, show
from lazyjobs.cli._payload import check_is_object, read_payload
from lazyjobs.cli._records import record_to_json
from lazyjobs.cli._target import load_runner
from lazyjobs.cli._times import read_duration, read_moment, shift
from lazyjobs.cli._usage import Exit, UsageError
from lazyjobs.contract import Backend, BackendURL, InsertParams, PayloadTooLargeError
from lazyjobs.jobs import DEFAULT_MAX_ATTEMPTS, DEFAULT_QUEUE
from lazyjobs.runner import JobRunner

_DESCRIPTION = """\
Stores a job and prints the id of its record. With --app the kind and the fields are checked against the application's
job class, which also gives the queue, the number of attempts and, if --backend is absent, the backend; without --app
only a worker will tell whether it knows the kind.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("enqueue", help="store a job", description=_DESCRIPTION)
    kind = parser.add_argument("kind", metavar="KIND", type=read_kind, help="the kind that its job class has")
    complete_by(kind, _propose_kinds)
    parser.add_argument(
        "payload", metavar="JSON", nargs="?", default="{}", help="its fields, an object; - reads them, @FILE too"
    )
    parser.add_argument("--app", metavar="package.module:runner", help="the application's runner, to check with")
    parser.add_argument("--queue", type=read_queue, metavar="NAME", help="instead of the job's own, or of default")
    parser.add_argument("--max-attempts", type=read_count, metavar="N", help="instead of the job's own, or of 25")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--in", type=read_duration, dest="delay", metavar="DURATION", help="due then: 90s, 15m, 12h, 30d")
    when.add_argument("--at", type=read_moment, metavar="TIME", help="due then: 2030-01-31T12:00Z")
    add_backend_option(parser)
    add_json_option(parser, "the record, as an object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Stores the job and shows its id."""
    with aside():
        runner = load_runner(arguments.app) if arguments.app is not None else None
    params = _params(arguments, runner)
    with _destination(arguments, runner) as backend:
        try:
            record = backend.insert(params)
        except PayloadTooLargeError as error:
            raise UsageError(str(error)) from error
    show([record_to_json(record, with_payload=False) if arguments.json else str(record.id)])
    return Exit.DONE


def _params(arguments: argparse.Namespace, runner: JobRunner | None) -> InsertParams:
    payload = read_payload(arguments.payload)
    if runner is None:
        check_is_object(payload)
        queue, max_attempts = DEFAULT_QUEUE, DEFAULT_MAX_ATTEMPTS
    else:
        definition = find_definition(runner, arguments.kind)
        check_fields(runner, arguments.kind, payload)
        queue, max_attempts = definition.queue, definition.max_attempts
    try:
        return InsertParams(
            kind=arguments.kind,
            queue=arguments.queue or queue,
            payload=payload,
            max_attempts=arguments.max_attempts or max_attempts,
            run_at=arguments.at if arguments.delay is None else shift(datetime.now(UTC), arguments.delay),
        )
    except ValueError as error:
        raise UsageError(f"the job cannot be stored: {error}") from error


@contextmanager
def _destination(arguments: argparse.Namespace, runner: JobRunner | None) -> Iterator[Backend]:
    """Where a worker of the same application would look, unless `--backend` says otherwise."""
    if runner is None or arguments.backend:
        with opened_backend(arguments) as backend:
            yield backend
    elif runner.backend_url is None:
        yield runner.backend
    elif lives_in_one_process(runner.backend_url):
        raise UsageError(
            f"the runner at {arguments.app} has {BackendURL.mask(runner.backend_url)}, which lives in one process "
            "only, so the job would end with this command; write --backend URL, such as sqlite:///jobs.db"
        )
    else:
        with opened_url(runner.backend_url) as backend:
            yield backend


def _propose_kinds(parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """The kinds of the application that the line names before."""
    if parsed_args.app is None:
        return []
    try:
        return [definition.kind for definition in load_runner(parsed_args.app).definitions]
    except UsageError:
        return []
