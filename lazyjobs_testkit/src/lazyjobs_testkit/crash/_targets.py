"""The calls in which a process is killed, each with what must have happened before."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    Record,
    RetryParams,
    SupportsClaimMany,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
)
from lazyjobs_testkit import model as m

LEASE = timedelta(minutes=1)
LATER = timedelta(minutes=10)
ERROR = "a text that was not there before"


class Prelude(Struct, kw_only=True):
    """Makes a process do what comes before it is killed, on a queue of its own and by a clock of its own."""

    ask: Callable[[m.Request], m.Answer]
    queue: str
    now: datetime
    empty_answers: int = 0
    inserted: int = 0

    def inserting(self) -> InsertParams:
        """A new record, due now, with a payload that no other has."""
        self.inserted += 1
        payload = b'{"queue":"%s",\t"number":%d, "pi":3.140}' % (self.queue.encode(), self.inserted)
        return InsertParams(kind="kit.crash", queue=self.queue, payload=payload, run_at=self.now)

    def claiming(self, *, after: timedelta = timedelta(0)) -> ClaimParams:
        """Whatever is due on the queue, so long after now."""
        worker = "later" if after else "first"
        return ClaimParams(queues=(self.queue,), now=self.now + after, lease=LEASE, worker=worker)

    def insert(self) -> Record:
        """The record, acknowledged."""
        return self._record(m.Insert(self.inserting()))

    def claimed(self) -> Record:
        """The record, inserted and claimed."""
        self.insert()
        return self.claim(self.claiming())

    def claim(self, params: ClaimParams) -> Record:
        """The record, claimed."""
        request = m.Claim(params)
        for _ in range(self.empty_answers):
            if isinstance(answer := self.ask(request), m.One):
                return answer.record
        return self._record(request)

    def _record(self, request: m.Request) -> Record:
        answer = self.ask(request)
        assert isinstance(answer, m.One), f"{request.method} answered {answer}, although nothing had been killed yet"
        return answer.record


class Target(Struct, frozen=True):
    """A call in which a process is killed."""

    name: str
    prepare: Callable[[Prelude], m.Request]
    """Does what must come before, and answers the call to make."""
    capability: type | None = None


def _insert(prelude: Prelude) -> m.Request:
    prelude.insert()
    return m.Insert(prelude.inserting())


def _claim(prelude: Prelude) -> m.Request:
    prelude.insert()
    return m.Claim(prelude.claiming())


def _claim_of_a_retried_record(prelude: Prelude) -> m.Request:
    record = prelude.claimed()
    prelude.ask(
        m.Retry(RetryParams(id=record.id, attempt=record.attempt, run_at=prelude.now + LEASE, last_error=ERROR))
    )
    return m.Claim(prelude.claiming(after=LEASE))


def _claim_of_an_ended_lease(prelude: Prelude) -> m.Request:
    prelude.claimed()
    return m.Claim(prelude.claiming(after=LEASE))


def _complete(prelude: Prelude) -> m.Request:
    record = prelude.claimed()
    return m.Complete(CompleteParams(id=record.id, attempt=record.attempt))


def _retry(prelude: Prelude) -> m.Request:
    record = prelude.claimed()
    run_at = prelude.now + LATER
    return m.Retry(RetryParams(id=record.id, attempt=record.attempt, run_at=run_at, last_error=ERROR, spare=True))


def _discard(prelude: Prelude) -> m.Request:
    record = prelude.claimed()
    return m.Discard(DiscardParams(id=record.id, attempt=record.attempt, last_error=ERROR))


def _extend(prelude: Prelude) -> m.Request:
    record = prelude.claimed()
    return m.Extend(ExtendParams(id=record.id, attempt=record.attempt, lease=LATER, now=prelude.now))


def _insert_many(prelude: Prelude) -> m.Request:
    return m.InsertMany(tuple(prelude.inserting() for _ in range(3)))


def _claim_many(prelude: Prelude) -> m.Request:
    for _ in range(2):
        prelude.insert()
    return m.ClaimMany(prelude.claiming(), 2)


def _finish_and_claim(prelude: Prelude) -> m.Request:
    record = prelude.claimed()
    prelude.insert()
    finish = m.Complete(CompleteParams(id=record.id, attempt=record.attempt))
    return m.FinishAndClaim(finish, prelude.claiming())


TARGETS = (
    Target("insert", _insert),
    Target("claim", _claim),
    Target("claim of a retried record", _claim_of_a_retried_record),
    Target("claim of an ended lease", _claim_of_an_ended_lease),
    Target("complete", _complete),
    Target("retry", _retry),
    Target("discard", _discard),
    Target("extend", _extend, SupportsExtend),
    Target("insert_many", _insert_many, SupportsInsertMany),
    Target("claim_many", _claim_many, SupportsClaimMany),
    Target("finish_and_claim", _finish_and_claim, SupportsFinishAndClaim),
)


def targets_for(backend: object) -> tuple[Target, ...]:
    """The calls that this backend can be killed in."""
    return tuple(each for each in TARGETS if each.capability is None or isinstance(backend, each.capability))
