"""The calls in which a process is killed or a disk fails: those of the kit, and what it leaves to others."""

from datetime import timedelta

from lazyjobs import CompleteParams, InsertParams, ListOptions, PruneParams
from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import Prelude, Target, targets_for

FUTURE = timedelta(days=1)
PRUNED = m.Terms(retention=timedelta(0))
"""What may be found while somebody prunes: whatever is finished may be gone."""


def _finished(prelude: Prelude) -> None:
    record = prelude.claimed()
    prelude.ask(m.Complete(CompleteParams(id=record.id, attempt=record.attempt)))


def _prune(prelude: Prelude) -> m.Request:
    for _ in range(2):
        _finished(prelude)
    prelude.claimed()
    return m.Prune(PruneParams(finished_before=prelude.now + FUTURE))


def _list(prelude: Prelude) -> m.Request:
    _finished(prelude)
    return m.ListRecords(ListOptions(limit=None))


def _stats(prelude: Prelude) -> m.Request:
    _finished(prelude)
    return m.CountRecords()


def _large_insert(prelude: Prelude) -> m.Request:
    prelude.insert()
    payload = b'"%s"' % (b"large " * 10_000)
    return m.Insert(InsertParams(kind="kit.crash", queue=prelude.queue, payload=payload, run_at=prelude.now))


CHECKPOINT = Target("insert of a large payload", _large_insert)
"""Comes to a checkpoint: the log is moved into the file."""

OTHERS = (
    Target("prune", _prune),
    Target("list", _list),
    Target("stats", _stats),
    CHECKPOINT,
)


def all_targets() -> tuple[Target, ...]:
    """Every call that changes or reads something, as the kit tells them from the class of the backend."""
    return (*targets_for(SQLiteBackend), *OTHERS)


METHODS = ("insert_many", "claim_many", "finish_and_claim", "extend", "prune")
"""What the backend offers beyond the seven methods, of what changes records."""
