"""Whether what list and stats show can be what they should."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from lazyjobs import ListOptions, Record, State, Stats
from lazyjobs_testkit.model._entry import Entry
from lazyjobs_testkit.model._errors import DisallowedError, Fault
from lazyjobs_testkit.model._span import tell_time


def check_list(
    options: ListOptions, records: Sequence[Record], entries: Mapping[int, Entry], doubtful: Iterable[int]
) -> frozenset[int]:
    """The ids that are no longer there; raises `DisallowedError` where members or order are wrong.

    `entries` are all records that there may be, `doubtful` the ids of those that may have gone by rights.
    """
    _check_members(options, records, entries)
    _check_order(records)
    shown = {record.id for record in records}
    missing = [entry for entry in entries.values() if entry.id not in shown and passes(entry, options)]
    if not is_whole(options, len(records)):
        _check_newest(records[-1], missing, doubtful)
        return frozenset()
    lost = sorted({entry.id for entry in missing} - set(doubtful))
    if lost:
        raise DisallowedError(Fault.LOST, f"list does not show {_name(lost)}, though it should")
    return frozenset(entry.id for entry in missing)


def is_whole(options: ListOptions, shown: int) -> bool:
    """Whether a list that shows so many records shows all that pass its filters."""
    return options.limit is None or shown < options.limit


def has_filters(options: ListOptions) -> bool:
    """Whether there may be records that do not pass."""
    return any(each is not None for each in (options.states, options.kinds, options.queues, options.before))


def passes(entry: Entry, options: ListOptions) -> bool:
    """Whether a record certainly passes the filters; the limit is no filter."""
    return _fits(entry, options) and (options.before is None or (entry.updated_at.latest, entry.id) < options.before)


def _fits(record: Entry | Record, options: ListOptions) -> bool:
    """Whether a record passes all filters but `before`."""
    return (
        (options.states is None or record.state in options.states)
        and (options.kinds is None or record.kind in options.kinds)
        and (options.queues is None or record.queue in options.queues)
    )


def _check_members(options: ListOptions, records: Sequence[Record], entries: Mapping[int, Entry]) -> None:
    if options.limit is not None and len(records) > options.limit:
        raise DisallowedError(Fault.MISCOUNTED, f"list shows {len(records)} records, though limit is {options.limit}")
    for id, times in Counter(record.id for record in records).items():
        if times > 1:
            raise DisallowedError(Fault.MISCOUNTED, f"list shows record {id} {times} times")
        if id not in entries:
            raise DisallowedError(Fault.INVENTED, f"list shows record {id}, which was never inserted or is gone")
    for record in records:
        if not _fits(record, options):
            raise DisallowedError(
                Fault.MISCOUNTED,
                f"list shows record {record.id}, {record.state}, of kind {record.kind} on queue {record.queue}, though "
                "it was not asked for",
            )
        if options.before is not None and (record.updated_at, record.id) >= options.before:
            raise DisallowedError(
                Fault.MISCOUNTED,
                f"list shows record {record.id} (updated_at {tell_time(record.updated_at)}), which is not before "
                f"{_tell_place(options.before)}",
            )


def _check_order(records: Sequence[Record]) -> None:
    for before, after in pairwise(records):
        if (before.updated_at, before.id) < (after.updated_at, after.id):
            raise DisallowedError(
                Fault.MISCOUNTED,
                f"list shows record {before.id} (updated_at {tell_time(before.updated_at)}) before record {after.id} "
                f"(updated_at {tell_time(after.updated_at)}); newest updated_at first, then the highest id",
            )


def _check_newest(last: Record, missing: Iterable[Entry], doubtful: Iterable[int]) -> None:
    for entry in missing:
        if entry.id not in doubtful and (entry.updated_at.earliest, entry.id) > (last.updated_at, last.id):
            raise DisallowedError(
                Fault.MISCOUNTED,
                f"list leaves out record {entry.id} (updated_at {entry.updated_at}) and shows record {last.id}, "
                f"which is older (updated_at {tell_time(last.updated_at)})",
            )


def check_stats(stats: Stats, certain: Iterable[Entry], possible: Iterable[Entry]) -> None:
    """Raises `DisallowedError` unless every count lies between those of `certain` and of `possible`."""
    least, most = count(certain), count(possible)
    if not least.total <= stats.total <= most.total:
        raise DisallowedError(Fault.MISCOUNTED, f"stats counts {stats.total} records in total, not {most.total}")
    least_groupings, most_groupings = _groupings(least), _groupings(most)
    for name, shown in _groupings(stats).items():
        _check_counts(name, shown, least_groupings[name], most_groupings[name])
    check_sums(stats)


def check_sums(stats: Stats) -> None:
    """Raises `DisallowedError` unless every grouping sums to the total and no count is below one."""
    for name, counts in _groupings(stats).items():
        if sum(counts.values()) != stats.total:
            raise DisallowedError(
                Fault.MISCOUNTED, f"stats: {name} sums to {sum(counts.values())}, but total is {stats.total}"
            )
        if empty := [key for key, number in counts.items() if number < 1]:
            raise DisallowedError(Fault.MISCOUNTED, f"stats: {name} names {empty[0]} without any record")


def _check_counts(name: str, shown: Mapping[str, int], least: Mapping[str, int], most: Mapping[str, int]) -> None:
    for key in {**shown, **most}:
        number = shown.get(key, 0)
        if not least.get(key, 0) <= number <= most.get(key, 0):
            raise DisallowedError(Fault.MISCOUNTED, f"stats: {name} counts {number} for {key}, not {most.get(key, 0)}")


def _groupings(stats: Stats) -> dict[str, dict[str, int]]:
    nested = stats.by_queue_state.items()
    return {
        "by_state": {str(state): n for state, n in stats.by_state.items()},
        "by_kind": {**stats.by_kind},
        "by_queue": {**stats.by_queue},
        "by_queue_state": {f"{queue} {state}": n for queue, states in nested for state, n in states.items()},
    }


def count(entries: Iterable[Entry | Record]) -> Stats:
    """The stats of these records."""
    by_state: Counter[State] = Counter()
    by_kind: Counter[str] = Counter()
    by_queue: Counter[str] = Counter()
    by_queue_state: dict[str, Counter[State]] = {}
    for entry in entries:
        by_state[entry.state] += 1
        by_kind[entry.kind] += 1
        by_queue[entry.queue] += 1
        by_queue_state.setdefault(entry.queue, Counter())[entry.state] += 1
    return Stats(
        total=by_state.total(),
        by_state=by_state,
        by_kind=by_kind,
        by_queue=by_queue,
        by_queue_state=by_queue_state,
    )


def _tell_place(place: tuple[datetime, int]) -> str:
    return f"({tell_time(place[0])}, {place[1]})"


def _name(ids: Sequence[int]) -> str:
    shown = ", ".join(map(str, ids[:5]))
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return f"record{'s' if len(ids) > 1 else ''} {shown}{more}"
