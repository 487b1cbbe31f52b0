"""Records as lines: a table for people, an object each for programs."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from lazyjobs.cli._output import to_json
from lazyjobs.cli._table import Column, draw, narrowest
from lazyjobs.cli._times import tell_distance, tell_moment
from lazyjobs.contract import Record
from lazyjobs.runner import RecordSummary, mask_urls
from lazyjobs.texts import cut, visible

_LONGEST_ERROR = 200
_SHORTEST_ERROR = 24
_SHORTEST_NAME = 8
_INDENT = "    "
_OUTSIDE_ASCII = re.compile("[^ -~]")


class _Layout(Struct, frozen=True):
    """A way to show records: the errors in the lines or below them, times with the clock's or their distance alone."""

    inline: bool
    clock: bool


_LAYOUTS = (_Layout(inline=True, clock=True), _Layout(inline=False, clock=True), _Layout(inline=False, clock=False))
"""The widest first; the last one is cut until it fits."""


def record_to_json(record: Record, *, with_payload: bool) -> str:
    """The keys of `RecordSummary`, and on request `payload`: the JSON that was stored, number for number."""
    summary = to_json(RecordSummary.of(record))
    return f'{summary[:-1]}, "payload": {_payload_to_json(record.payload)}}}' if with_payload else summary


def draw_records(records: Sequence[Record], now: datetime, width: int | None, *, with_payloads: bool) -> list[str]:
    """A table no wider than `width` if that can be, one line a record where the errors have room in it.

    Payloads stand below their records, whole.
    """
    layout, columns, rows = _choose_layout(records, now, width)
    heading, *lines = draw(columns, rows, width)
    shown = [heading]
    for record, line in zip(records, lines, strict=True):
        shown += [line, *_below(layout, record, width, with_payload=with_payloads)]
    return shown


def _choose_layout(
    records: Sequence[Record], now: datetime, width: int | None
) -> tuple[_Layout, list[Column], list[list[str]]]:
    """The widest that fits, or else the narrowest, with its cells."""
    *wide, narrow = _LAYOUTS
    for layout in wide:
        columns, rows = _lay_out(layout, records, now)
        if width is None or narrowest(columns, rows) <= width:
            return layout, columns, rows
    return narrow, *_lay_out(narrow, records, now)


def _lay_out(layout: _Layout, records: Sequence[Record], now: datetime) -> tuple[list[Column], list[list[str]]]:
    columns = _columns(layout, records)
    return columns, [_row(layout, columns, record, now) for record in records]


def _columns(layout: _Layout, records: Sequence[Record]) -> list[Column]:
    shortest_name = None if layout.clock else _SHORTEST_NAME
    columns = [
        Column("ID", right=True),
        Column("STATE"),
        Column("ATTEMPT", right=True),
        Column("KIND", least=shortest_name),
        Column("QUEUE", least=shortest_name),
        Column("UPDATED"),
    ]
    if any(_due(record) for record in records):
        columns.append(Column("DUE"))
    if layout.inline and any(record.last_error for record in records):
        columns.append(Column("ERROR", least=_SHORTEST_ERROR))
    return columns


def _row(layout: _Layout, columns: Sequence[Column], record: Record, now: datetime) -> list[str]:
    due = _due(record)
    cells = {
        "ID": str(record.id),
        "STATE": str(record.state),
        "ATTEMPT": f"{record.attempt - record.spared}/{record.max_attempts}",
        "KIND": visible(record.kind),
        "QUEUE": visible(record.queue),
        "UPDATED": (tell_moment if layout.clock else tell_distance)(record.updated_at, now),
        "DUE": "" if due is None else tell_distance(due, now),
        "ERROR": _shorten(mask_urls(record.last_error)),
    }
    return [cells[column.title] for column in columns]


def _below(layout: _Layout, record: Record, width: int | None, *, with_payload: bool) -> Iterator[str]:
    if record.last_error and not layout.inline:
        error = _shorten(mask_urls(record.last_error))
        yield _INDENT + (error if width is None else cut(error, max(width - len(_INDENT), 1)))
    if with_payload:
        yield _INDENT + visible(record.payload.decode(errors="backslashreplace"))


def _due(record: Record) -> datetime | None:
    if record.state in ("succeeded", "discarded"):
        return None
    return record.run_at if record.lease_expires_at is None else record.lease_expires_at


def _shorten(error: str) -> str:
    return cut(visible(error[:_LONGEST_ERROR]), _LONGEST_ERROR - 1) if len(error) > _LONGEST_ERROR else visible(error)


def _payload_to_json(payload: bytes) -> str:
    """The payload in printable ASCII; what is not JSON, which no runner stores, as a string."""
    text = payload.decode(errors="backslashreplace")
    try:
        msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return json.dumps(text)
    return _OUTSIDE_ASCII.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    # Outside of strings JSON has only white space there, and inside of them no control characters.
    return " " if found[0] in "\t\n\r" else json.dumps(found[0])[1:-1]
