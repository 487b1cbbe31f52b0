"""The tables of queues and of kinds."""

from collections.abc import Mapping, Sequence

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
    queues = sorted(stats.by_queue, key=lambda queue: (-stats.by_queue[queue], queue))
    rows = [_render_queue(queue, stats.by_queue_state.get(queue, {}), stats.by_queue[queue]) for queue in queues]
    head = ["Queue", *(state.capitalize() for state in State), "All"]
    return _render_counts("queues", "Queues", head, rows, "No queue holds a record.")


def _render_queue(queue: str, by_state: Mapping[State, int], total: int) -> Element:
    cells = [_count(by_state.get(state, 0), state.capitalize()) for state in State]
    return h("tr", _name(queue), *cells, _count(total, "All"), id=f"queue-{visible(queue)}")


def render_kinds(snapshot: Snapshot) -> Element:
    """What is registered, and how many records each kind has, registered or not."""
    by_kind = snapshot.stats.by_kind
    defined = {definition.kind: definition for definition in snapshot.definitions}
    kinds = sorted({*by_kind, *defined}, key=lambda kind: (-by_kind.get(kind, 0), kind))
    rows = [_render_kind(kind, defined.get(kind), by_kind.get(kind, 0)) for kind in kinds]
    head = ["Kind", "Class", "Queue", "Attempts", "Records"]
    return _render_counts("kinds", "Kinds", head, rows, "No kind is defined here, and no record is stored.")


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


def _render_counts(id: str, title: str, head: Sequence[str], rows: list[Element], nothing: str) -> Element:
    heading = h("h2", title, " ", h("small", number(len(rows))), id=f"{id}-title")
    if not rows:
        return h("section", heading, h("p", nothing, class_="soft"), id=id, aria_labelledby=f"{id}-title")
    table = h(
        "table",
        h("caption", f"Records by {title.lower().removesuffix('s')}, the most numerous first", class_="unseen"),
        h("thead", h("tr", *map(_head, head))),
        h("tbody", *rows[:_ROWS]),
        class_="cards",
    )
    more = h("p", f"and {plural(len(rows) - _ROWS, 'other')}", class_="soft") if len(rows) > _ROWS else None
    return h("section", heading, table, more, id=id, aria_labelledby=f"{id}-title")


def _head(word: str) -> Element:
    return h("th", word, scope="col", class_=None if word in _WORDS else "number")


def _name(name: str) -> Element:
    return h("th", h("bdi", visible(name)), scope="row")


def _count(count: int, label: str) -> Element:
    return h("td", number(count), data_label=label, class_=f"number {label.lower()}{'' if count else ' none'}")
