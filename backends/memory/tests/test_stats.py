from collections import Counter
from collections.abc import Callable
from datetime import datetime

from lazyjobs import CompleteParams, DiscardParams, ListOptions, PruneParams, Record, RetryParams, State, Stats
from lazyjobs_memory import MemoryBackend


def counted(backend: MemoryBackend) -> Stats:
    """The statistics as a count of the whole list gives them."""
    records = backend.list(ListOptions(limit=None))
    queues = {record.queue for record in records}
    return Stats(
        total=len(records),
        by_state=Counter(record.state for record in records),
        by_kind=Counter(record.kind for record in records),
        by_queue=Counter(record.queue for record in records),
        by_queue_state={
            queue: Counter(record.state for record in records if record.queue == queue) for queue in queues
        },
    )


def test_an_empty_backend_counts_nothing(backend: MemoryBackend) -> None:
    assert backend.stats() == Stats(total=0, by_state={}, by_kind={}, by_queue={}, by_queue_state={})


def test_every_transition_is_counted(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    for kind, queue in (("a", "x"), ("b", "x"), ("a", "y"), ("c", "y"), ("c", "z"), ("c", "z")):
        insert(kind, queue)
    claim("x", lease=1)
    complete(claim("x"))
    backend.retry(RetryParams(id=claim("y").id, attempt=1))
    backend.discard(DiscardParams(id=claim("z").id, attempt=1))
    advance(2)
    claim("x")
    stats = backend.stats()
    assert stats == counted(backend)
    assert stats.by_state == {
        State.PENDING: 2,
        State.RUNNING: 1,
        State.RETRYING: 1,
        State.SUCCEEDED: 1,
        State.DISCARDED: 1,
    }
    assert stats.by_queue_state["y"] == {State.PENDING: 1, State.RETRYING: 1}


def test_a_name_without_a_record_is_absent(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert("rare", "quiet")
    insert()
    backend.complete(CompleteParams(id=claim("quiet").id, attempt=1))
    backend.prune(PruneParams(finished_before=advance(1)))
    stats = backend.stats()
    assert stats == counted(backend)
    assert list(stats.by_kind) == ["greet"]


def test_changing_the_answer_changes_nothing_else(backend: MemoryBackend, insert: Callable[..., Record]) -> None:
    insert()
    stats = backend.stats()
    for counts in (stats.by_kind, stats.by_queue, stats.by_queue_state):
        assert isinstance(counts, dict)
        counts.clear()
    assert backend.stats() == counted(backend)
