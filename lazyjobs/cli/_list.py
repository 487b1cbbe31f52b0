"""The command `lazyjobs list`."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain

from msgspec.structs import replace

from lazyjobs.cli._backend import add_backend_option, opened_backend
from lazyjobs.cli._options import add_json_option, read_count, read_kind, read_queue
from lazyjobs.cli._output import show, tell, terminal_width
from lazyjobs.cli._records import draw_records, record_to_json
from lazyjobs.cli._usage import Exit
from lazyjobs.contract import Backend, ListOptions, Record, State
from lazyjobs.runner import list_pages

_DESCRIPTION = """\
Shows records, those that changed last first. Storage that was written before it could choose by kind and queue gives
more records than are shown, and all of them if few match.
"""


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
    wanted = _read_options(arguments)
    with opened_backend(arguments) as backend:
        found = _Found(backend, wanted, arguments.limit)
        if arguments.json:
            show(record_to_json(record, with_payload=arguments.payload) for record in found)
        elif records := list(found):
            show(draw_records(records, datetime.now(UTC), terminal_width(), with_payloads=arguments.payload))
    if not found.count and not arguments.json:
        tell("no records like that" if arguments.state or arguments.kind or arguments.queue else "no records")
    if found.is_cut:
        tell(f"these are the {found.count} that changed last; --limit N or --all shows more")
    return Exit.DONE


def _read_options(arguments: argparse.Namespace) -> ListOptions:
    return ListOptions(
        limit=None if arguments.limit is None else arguments.limit + 1,
        states=arguments.state and frozenset(map(State, arguments.state)),
        kinds=arguments.kind,
        queues=arguments.queue,
        payloads=arguments.payload,
    )


class _Found:
    """The newest that are wanted, as they are read."""

    def __init__(self, backend: Backend, wanted: ListOptions, limit: int | None) -> None:
        self._pages = list_pages(backend, wanted)
        self._with_payloads = wanted.payloads
        self._limit = limit
        self.count = 0
        self.is_cut = False
        """Whether there are more than the limit."""

    def __iter__(self) -> Iterator[Record]:
        for record in chain.from_iterable(self._pages):
            if self.count == self._limit:
                self.is_cut = True
                return
            self.count += 1
            # Storage may give a payload all the same, and a table waits for its last record.
            yield record if self._with_payloads or not record.payload else replace(record, payload=b"")
