"""Whether ids are unique, and grow on each handle."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._operation import History, Operation, inserted
from lazyjobs_testkit.history._verdict import Violation


def check_ids(history: History) -> Iterator[Violation]:
    """The ids that were given twice, and those that are lower than one the same handle had given before."""
    givers: dict[int, list[int]] = defaultdict(list)
    for index, operation in enumerate(history.operations):
        for record in inserted(operation):
            givers[record.id].append(index)
    for id, operations in givers.items():
        if len(operations) > 1:
            yield Violation(
                m.Fault.REUSED_ID, f"the id {id} was given to {len(operations)} inserts", tuple(operations[:2]), (id,)
            )
    yield from _check_growth(history.operations)


def _check_growth(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Walks through calls and returns in time, with the highest id that each handle has given."""
    events = [(operation.called, False, index) for index, operation in enumerate(operations)]
    events += [(operation.returned, True, index) for index, operation in enumerate(operations)]
    highest: dict[str, tuple[int, int]] = defaultdict(lambda: (0, -1))
    before: dict[int, tuple[int, int]] = {}
    for _, returning, index in sorted(events):
        operation = operations[index]
        ids = [record.id for record in inserted(operation)]
        if not ids:
            continue
        if not returning:
            before[index] = highest[operation.handle]
            continue
        floor, giver = before.pop(index)
        if min(ids) < floor:
            yield Violation(
                m.Fault.REUSED_ID,
                f"insert gave the id {min(ids)} after the same handle had given {floor}; ids grow",
                (giver, index),
                (floor, min(ids)),
            )
        elif any(later <= earlier for earlier, later in pairwise(ids)):
            yield Violation(m.Fault.REUSED_ID, f"insert_many gave the ids {ids}; ids grow", (index,), tuple(ids))
        highest[operation.handle] = max(highest[operation.handle], (max(ids), index))
