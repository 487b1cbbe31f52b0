"""The table of the records that changed last."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from lazyjobs.contract import State
from lazyjobs.control._tree import Element, h
from lazyjobs.control._words import SIGNS, ago, moment, plural, until, visible
from lazyjobs.runner import RecordSummary, Snapshot

_LONGEST = 10_000
_SUMMARY = 200

_COLUMNS = ("Record", "Kind", "Queue", "State", "Attempt", "Changed", "Next")


def render_records(
    records: Sequence[RecordSummary],
    now: datetime,
    *,
    state: State | None,
    copies: Mapping[int, int] | None,
) -> Element:
    """The section with the table; `copies` as in a `View`."""
    title = f"Recent {state} records" if state else "Recent records"
    columns = [h("th", word, scope="col", class_=word.lower()) for word in _COLUMNS]
    if copies is not None:
        columns.append(h("th", h("span", "Action", class_="unseen"), scope="col", class_="action"))
    rows = [row for record in records for row in _render_rows(record, now, copies)]
    table = h(
        "table",
        h("caption", "Newest change first; payloads are never shown", class_="unseen"),
        h("thead", h("tr", *columns)),
        h("tbody", *rows),
        class_="cards records",
    )
    return h(
        "section",
        h("h2", title, " ", h("small", _describe(len(records))), id="recent-title", tabindex="-1"),
        table if rows else h("p", f"No record is {state}." if state else "No record is stored.", class_="soft"),
        id="recent",
        aria_labelledby="recent-title",
    )


def _describe(count: int) -> str:
    return f"the {Snapshot.LIMIT} that changed last" if count == Snapshot.LIMIT else str(count)


def _render_rows(record: RecordSummary, now: datetime, copies: Mapping[int, int] | None) -> Iterator[Element]:
    """The record's row, and one for its error if there is one, as wide as the table."""
    yield _render_facts(record, now, copies)
    if record.last_error:
        columns = len(_COLUMNS) + (copies is not None)
        cell = h("td", _render_error(record), colspan=str(columns), aria_colspan=str(columns))
        yield h("tr", cell, class_="error", id=f"e{record.id}")


def _render_facts(record: RecordSummary, now: datetime, copies: Mapping[int, int] | None) -> Element:
    sign = h("span", SIGNS[record.state], " ", aria_hidden="true", class_="sign")
    action = None
    if copies is not None:
        action = h("td", _render_action(record, copies), class_="action")
    return h(
        "tr",
        h("th", f"#{record.id}", scope="row", class_="record"),
        h("td", h("bdi", visible(record.kind)), class_="kind"),
        h("td", h("bdi", visible(record.queue)), class_="queue", data_label="Queue"),
        h("td", sign, record.state.value, class_=f"state {record.state}"),
        h("td", f"{record.attempt - record.spared}/{record.max_attempts}", class_="attempt", data_label="Attempt"),
        h("td", _render_time(record.updated_at, ago(record.updated_at, now)), class_="changed"),
        h("td", _render_next(record, now), class_="next"),
        action,
        class_="failed" if record.last_error else None,
        id=f"r{record.id}",
    )


def _render_time(time: datetime, words: str) -> Element:
    return h("time", words, datetime=time.isoformat(), title=moment(time))


def _render_next(record: RecordSummary, now: datetime) -> Element | None:
    if record.state in (State.PENDING, State.RETRYING):
        return _render_time(record.run_at, until(record.run_at, now, "due in {}", "due for {}"))
    if (end := record.lease_expires_at) is not None:
        return _render_time(end, until(end, now, "lease ends in {}", "lease ended {} ago"))
    return None


def _render_error(record: RecordSummary) -> Element:
    shown = record.last_error[:_LONGEST]
    left = len(record.last_error) - len(shown)
    return h(
        "details",
        h("summary", h("bdi", visible(" ".join(shown[:_SUMMARY].split())))),
        h("pre", visible(shown), dir="auto", tabindex="0", aria_label=f"Error of record {record.id}", role="group"),
        h("p", f"and {plural(left, 'more character')}; the JSON has them all", class_="soft") if left else None,
    )


def _render_action(record: RecordSummary, copies: Mapping[int, int]) -> Element | None:
    if record.state is not State.DISCARDED:
        return None
    if (copy := copies.get(record.id)) is not None:
        return h("span", "requeued as ", h("a", f"#{copy}", href=f"#r{copy}", id=f"copy{record.id}"))
    button = h("button", "Requeue", type="submit", id=f"again{record.id}", aria_label=f"Requeue record {record.id}")
    return h("form", button, method="post", action=f"jobs/{record.id}/requeue", class_="requeue")
