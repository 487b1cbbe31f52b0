"""The command line, and what each command does."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

from lazyjobs import BackendError, BackendUnavailableError, BackendURL, LazyJobsError
from lazyjobs.texts import one_line, shorten, visible
from lazyjobs_aws._address import SCHEME, Address
from lazyjobs_aws._ids import oldest_at
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._options import Options
from lazyjobs_aws._policies import ROLES, make_policy
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws._template import make_template
from lazyjobs_aws._times import to_microseconds

_USAGE_ERROR = 2
_LONGEST_ERROR = 4000
_PAUSE = 0.2
_ABANDONED_AFTER = timedelta(days=1)

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 if all is well, 1 if not, 2 if the command line means nothing."""
    parser = _make_parser()
    options = parser.parse_args(arguments)
    command: Command = options.run
    try:
        return command(options)
    except BackendError as error:
        return _fail(error, 1)
    except (LazyJobsError, ValueError) as error:
        return _fail(error, _USAGE_ERROR)


def _fail(error: Exception, code: int) -> int:
    sys.stderr.write(f"lazyjobs-aws: {one_line(shorten(str(error), _LONGEST_ERROR))}\n")
    return code


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lazyjobs-aws",
        description="Makes, checks and removes what the backend on DynamoDB and SQS stores jobs in.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    create = _add(commands, "create", _create, "make the table and the queues; what is there already stays")
    check = _add(commands, "check", _check, "tell what is missing or wrong; exit code 1 if anything is")
    template = _add(commands, "template", _print_template, "print a CloudFormation template that makes the same")
    for each in (create, check, template):
        each.add_argument(
            "--queue", action="append", default=[], metavar="NAME", help="a queue of jobs; may be repeated"
        )
    for each in (create, template):
        each.add_argument("--shards", type=int, default=1, help="of the indexes, each for about 250 jobs a second")
        each.add_argument("--feed", action="store_true", help="an index for list and stats, which else scan the table")
    patience = "try again for so long while the endpoint does not answer"
    create.add_argument("--wait", type=float, default=0, metavar="SECONDS", help=patience)
    remove = _add(commands, "remove", _remove, "delete the table with every record in it, and the queues")
    remove.add_argument("--yes", action="store_true", help="really")
    policy = _add(commands, "policy", _print_policy, "print the least that a role needs to be permitted")
    policy.add_argument("role", choices=ROLES)
    _add(commands, "clean", _clean, "delete payloads that belong to no record, a day old at least; once a day will do")
    emulator = commands.add_parser("emulator", help="emulate both services on this machine's loopback, for trying out")
    emulator.add_argument("--port", type=int, default=4566)
    emulator.set_defaults(run=_emulate)
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, help: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("url", help=f"{SCHEME}://REGION/PREFIX?endpoint_url=…")
    parser.set_defaults(run=command)
    return parser


def _address(options: argparse.Namespace) -> Address:
    url = BackendURL.parse(options.url)
    if url.scheme != SCHEME:
        raise url.refuse("scheme", f"this command is for {SCHEME}://")
    return Address.from_url(url, Options.from_url(url).endpoint_url)


def _create(options: argparse.Namespace) -> int:
    address = _address(options)
    layout = Layout(options.shards, options.feed)
    deadline = monotonic() + options.wait
    while not _try_to_create(address, layout, options.queue, last=monotonic() >= deadline):
        sleep(_PAUSE)
    queues = "".join(f", queue {address.queue(name)}" for name in options.queue)
    sys.stdout.write(f"ready: table {address.table}{queues}\n")
    return 0


def _try_to_create(address: Address, layout: Layout, queues: list[str], *, last: bool) -> bool:
    try:
        Provisioner(address).create(layout, queues)
    except BackendUnavailableError:
        if last:
            raise
        return False
    return True


def _check(options: argparse.Namespace) -> int:
    wrong = Provisioner(_address(options)).check(None, options.queue)
    sys.stdout.writelines(f"{visible(each)}\n" for each in wrong or ["all is well"])
    return 1 if wrong else 0


def _remove(options: argparse.Namespace) -> int:
    address = _address(options)
    if not options.yes:
        raise ValueError(f"this deletes every record of {address}; say --yes if that is what you want")
    Provisioner(address).remove()
    return 0


def _print_template(options: argparse.Namespace) -> int:
    return _print(make_template(_address(options), Layout(options.shards, options.feed), options.queue))


def _print_policy(options: argparse.Namespace) -> int:
    return _print(make_policy(_address(options), options.role))


def _print(document: object) -> int:
    sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    return 0


def _clean(options: argparse.Namespace) -> int:
    before = oldest_at(to_microseconds(datetime.now(UTC) - _ABANDONED_AFTER))
    count = Provisioner(_address(options)).clean(before)
    sys.stdout.write(f"{count} abandoned payloads were deleted\n")
    return 0


def _emulate(options: argparse.Namespace) -> int:
    try:
        from lazyjobs_aws.emulator._serve import serve_here
    except ImportError as error:
        raise ValueError(f"{error}; pip install 'lazyjobs-aws[emulator]'") from error
    serve_here(options.port)
    return 0
