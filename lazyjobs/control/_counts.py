"""The tables of queues and of kinds."""

from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest

from lazyjobs.contract import State
from lazyjobs.control._tree import Element, h
from lazyjobs.control._words import number, plural, visible
from lazyjobs.jobs import Definition
from lazyjobs.runner import Snapshot

_ROWS = 50
_WORDS = ("Queue", "Kind", "Class")
"""The columns that hold no numbers."""


def render_queues(snapshot: Snapshot) -> Element:
    """How many records each queue has in each state."""
    stats = snapshot.stats
    queues = _most_numerous(stats.by_queue, stats.by_queue)
    rows = [_render_queue(queue, stats.by_queue_state.get(queue, {}), stats.by_queue[queue]) for queue in queues]
    head = ["Queue", *(state.capitalize() for state in State), "All"]
    return _render_counts("queues", "Queues", head, rows, len(stats.by_queue), "No queue holds a record.")


def _render_queue(queue: str, by_state: Mapping[State, int], total: int) -> Element:
    cells = [_count(by_state.get(state, 0), state.capitalize()) for state in State]
    return h("tr", _name(queue), *cells, _count(total, "All"), id=f"queue-{visible(queue)}")


def render_kinds(snapshot: Snapshot) -> Element:
    """What is registered, and how many records each kind has, registered or not."""
    by_kind = snapshot.stats.by_kind
    defined = {definition.kind: definition for definition in snapshot.definitions}
    every = by_kind.keys() | defined.keys()
    kinds = _most_numerous(every, by_kind)
    rows = [_render_kind(kind, defined.get(kind), by_kind.get(kind, 0)) for kind in kinds]
    head = ["Kind", "Class", "Queue", "Attempts", "Records"]
    nothing = "No kind is defined here, and no record is stored."
    return _render_counts("kinds", "Kinds", head, rows, len(every), nothing)


def _render_kind(kind: str, definition: Definition | None, count: int) -> Element:
    if definition is None:
        cells = [h("td", "not defined here", class_="soft", colspan="3", data_label="Class")]
    else:
        cells = [
            h("td", h("code", visible(definition.type)), data_label="Class"),
            h("td", visible(definition.queue), data_label="Queue"),
            h("td", number(definition.max_attempts), data_label="Attempts", class_="number"),
        ]
    return h("tr", _name(kind), *cells, _count(count, "Records"), id=f"kind-{visible(kind)}")


def _most_numerous(names: Iterable[str], counts: Mapping[str, int]) -> list[str]:
    """The names of the rows that are shown, and no others: there may be very many."""
    return nsmallest(_ROWS, names, key=lambda name: (-counts.get(name, 0), name))


def _render_counts(
    id: str, title: str, head: Sequence[str], rows: Sequence[Element], count: int, nothing: str
) -> Element:
    """The table of these rows, of `count` that there are."""
    heading = h("h2", title, " ", h("small", number(count)), id=f"{id}-title")
    if not rows:
        return h("section", heading, h("p", nothing, class_="soft"), id=id, aria_labelledby=f"{id}-title")
    table = h(
        "table",
        h("caption", f"Records by {title.lower().removesuffix('s')}, the most numerous first", class_="unseen"),
        h("thead", h("tr", *map(_head, head))),
        h("tbody", *rows),
        class_="cards",
    )
    more = h("p", f"and {plural(count - len(rows), 'other')}", class_="soft") if count > len(rows) else None
    return h("section", heading, table, more, id=id, aria_labelledby=f"{id}-title")


def _head(word: str) -> Element:
    return h("th", word, scope="col", class_=None if word in _WORDS else "number")


def _name(name: str) -> Element:
    return h("th", h("bdi", visible(name)), scope="row")


def _count(count: int, label: str) -> Element:
    return h("td", number(count), data_label=label, class_=f"number {label.lower()}{'' if count else ' none'}")
