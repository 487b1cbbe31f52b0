"""Records a page at a time, on any backend."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from lazyjobs.contract import Backend, ListOptions, Record

_PAGE = 16 * 2**20
"""How many bytes the records of a page may have, about."""
_RECORD = 1_000
"""How many of them a record has without its payload, about."""
_FIRST = 64
_FARTHER = 4


def list_pages(backend: Backend, wanted: ListOptions, *, expected: int = 0) -> Iterator[Sequence[Record]]:
    """All records that pass the filters of `wanted`, newest change first, each once; a page may be empty.

    `wanted.limit` is how many the first page may have, and later ones have more. Without payloads None is all in one
    page. With payloads a page has some 16 MiB of them, if `expected` is how many bytes one has, about; later pages go
    by those before. A backend that was written before the filters gives what they would leave out: that is left out
    here, and more is read. What changes meanwhile may be missed.
    """
    options = msgspec.structs.replace(wanted, limit=_first_limit(wanted, expected))
    while True:
        records = backend.list(options)
        found = [record for record in records if _passes(record, options)]
        yield found
        if options.limit is None or len(records) < options.limit:
            return
        limit = options.limit * _FARTHER
        if len(found) == len(records):
            limit = max(1, min(limit, _PAGE * len(found) // sum(map(_size, found))))
        before = _earlier(options.before, records[-1])
        options = msgspec.structs.replace(options, limit=limit, before=before)


def _first_limit(wanted: ListOptions, expected: int) -> int | None:
    if not wanted.payloads:
        return wanted.limit
    return max(1, min(wanted.limit or _FIRST, _FIRST, _PAGE // (_RECORD + expected)))


def _earlier(before: tuple[datetime, int] | None, record: Record) -> tuple[datetime, int]:
    place = (record.updated_at, record.id)
    return place if before is None else min(before, place)


def _size(record: Record) -> int:
    return _RECORD + len(record.payload)


def _passes(record: Record, wanted: ListOptions) -> bool:
    return (
        (wanted.states is None or record.state in wanted.states)
        and (wanted.kinds is None or record.kind in wanted.kinds)
        and (wanted.queues is None or record.queue in wanted.queues)
        and (wanted.before is None or (record.updated_at, record.id) < wanted.before)
    )
