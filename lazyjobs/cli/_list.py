"""The command `lazyjobs list`."""

import argparse
from datetime import UTC, datetime

from msgspec import Struct

from lazyjobs.cli._backend import add_backend_option, opened_backend
from lazyjobs.cli._exits import Exit
from lazyjobs.cli._options import add_json_option, read_count, read_kind, read_queue
from lazyjobs.cli._output import show, tell, terminal_width
from lazyjobs.cli._records import draw_records, record_to_json
from lazyjobs.contract import Backend, ListOptions, Record, State

_DESCRIPTION = """\
Shows records, those that changed last first. The storage chooses by state; kind and queue are compared here, so with
--kind or --queue more records are read than shown, and all of them if few match.
"""
_FIRST_REACH = 1000
_FARTHER = 4


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("list", help="show records and their errors", description=_DESCRIPTION)
    parser.add_argument("--state", action="append", choices=[*map(str, State)], help="only these; may be repeated")
    parser.add_argument("--kind", action="append", type=read_kind, metavar="KIND", help="the same")
    parser.add_argument("--queue", action="append", type=read_queue, metavar="NAME", help="the same")
    many = parser.add_mutually_exclusive_group()
    many.add_argument("--limit", type=read_count, default=50, metavar="N", help="how many at the most (50)")
    many.add_argument("--all", action="store_const", dest="limit", const=None, help="every one")
    parser.add_argument("--payload", action="store_true", help="show the payloads too")
    add_backend_option(parser)
    add_json_option(parser, "one object a line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Shows what was found, and tells if there is more."""
    wanted = _Wanted(states=arguments.state, kinds=arguments.kind, queues=arguments.queue)
    with opened_backend(arguments) as backend:
        found = _find(backend, wanted, arguments.limit)
    records = found[: arguments.limit]
    if arguments.json:
        show(record_to_json(record, with_payload=arguments.payload) for record in records)
    elif records:
        show(draw_records(records, datetime.now(UTC), terminal_width(), with_payloads=arguments.payload))
    else:
        tell("no records" if wanted == _Wanted() else "no records like that")
    if len(found) > len(records):
        tell(f"these are the {len(records)} that changed last; --limit N or --all shows more")
    return Exit.DONE


class _Wanted(Struct, frozen=True):
    """Which records; None is all."""

    states: list[str] | None = None
    kinds: list[str] | None = None
    queues: list[str] | None = None

    def has(self, record: Record) -> bool:
        return (self.kinds is None or record.kind in self.kinds) and (
            self.queues is None or record.queue in self.queues
        )


def _find(backend: Backend, wanted: _Wanted, limit: int | None) -> list[Record]:
    """The newest that are wanted, one more than `limit` if there is one; reads ever more records until it has them."""
    states = None if wanted.states is None else frozenset(map(State, wanted.states))
    reach = limit if limit is None else limit + 1
    if reach is not None and (wanted.kinds or wanted.queues):
        reach = max(reach, _FIRST_REACH)
    while True:
        records = backend.list(ListOptions(limit=reach, states=states))
        found = [record for record in records if wanted.has(record)]
        if limit is None or reach is None or len(found) > limit or len(records) < reach:
            return found
        reach *= _FARTHER
