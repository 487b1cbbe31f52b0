"""Which finished records may be gone by rights: pruned, or no longer retained."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from msgspec import Struct

from lazyjobs import PruneParams
from lazyjobs_testkit.model._entry import Entry
from lazyjobs_testkit.model._errors import DisallowedError, Fault
from lazyjobs_testkit.model._span import Window
from lazyjobs_testkit.model._terms import Terms

_RUN = timedelta(days=1)


class Departures(Struct, frozen=True):
    """What a prune left behind: records that are gone for certain, and records of which it is not known."""

    gone: frozenset[int]
    doubtful: frozenset[int]
    pruned: int
    """How many of the doubtful were deleted."""


def unretained(entries: Mapping[int, Entry], window: Window, terms: Terms) -> frozenset[int]:
    """The ids of those that the declared retention allows the backend to drop."""
    if terms.retention is None:
        return frozenset()
    finished = [entry for entry in entries.values() if entry.finished]
    if isinstance(terms.retention, timedelta):
        limit = window.clock(terms.clock_skew).latest - terms.retention
        return frozenset(entry.id for entry in finished if entry.updated_at.earliest <= limit)
    return frozenset(entry.id for entry in finished if _count_newer(entry, finished) >= terms.retention)


def keeps_all(entries: int, terms: Terms) -> bool:
    """Whether the declared retention has no bearing on so many records, none of them older than the run."""
    if isinstance(terms.retention, timedelta):
        return terms.retention > _RUN
    return terms.retention is None or entries <= terms.retention


def _count_newer(entry: Entry, finished: Collection[Entry]) -> int:
    return sum(other.id != entry.id and other.updated_at.latest >= entry.updated_at.earliest for other in finished)


def prune(params: PruneParams, number: int, entries: Mapping[int, Entry], doubtful: Collection[int]) -> Departures:
    """What is left after a prune that deleted `number`; raises `DisallowedError` if it cannot have been so many."""
    possible = [e for e in entries.values() if e.finished and e.updated_at.earliest < params.finished_before]
    certain = [e for e in possible if e.id not in doubtful and e.updated_at.latest < params.finished_before]
    least, most = min(params.limit, len(certain)), min(params.limit, len(possible))
    if not least <= number <= most:
        expected = str(most) if least == most else f"{least} to {most}"
        raise DisallowedError(Fault.MISCOUNTED, f"prune deleted {number} records, not {expected}")
    gone = frozenset(e.id for e in certain if number == len(possible) or _count_older(e, possible) < number)
    kept = {e.id for e in possible if len(gone) == number or _count_certainly_older(e, certain) >= number}
    return Departures(gone, frozenset(e.id for e in possible) - gone - kept, number - len(gone))


def _count_older(entry: Entry, others: Collection[Entry]) -> int:
    """How many may have been updated before `entry`, or at the same time."""
    return sum(other.id != entry.id and other.updated_at.earliest <= entry.updated_at.latest for other in others)


def _count_certainly_older(entry: Entry, others: Collection[Entry]) -> int:
    return sum(other.updated_at.latest < entry.updated_at.earliest for other in others)
