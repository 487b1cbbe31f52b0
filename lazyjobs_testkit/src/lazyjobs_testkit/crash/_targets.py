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


class Stage(Struct, kw_only=True):
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
        return ClaimParams(queues=(self.queue,), now=self.now + after, lease=LEASE)

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
    prepare: Callable[[Stage], m.Request]
    """Does what must come before, and answers the call to make."""
    capability: type | None = None


def _insert(stage: Stage) -> m.Request:
    stage.insert()
    return m.Insert(stage.inserting())


def _claim(stage: Stage) -> m.Request:
    stage.insert()
    return m.Claim(stage.claiming())


def _claim_of_a_retried_record(stage: Stage) -> m.Request:
    record = stage.claimed()
    stage.ask(m.Retry(RetryParams(id=record.id, attempt=record.attempt, run_at=stage.now + LEASE, last_error=ERROR)))
    return m.Claim(stage.claiming(after=LEASE))


def _claim_of_an_ended_lease(stage: Stage) -> m.Request:
    stage.claimed()
    return m.Claim(stage.claiming(after=LEASE))


def _complete(stage: Stage) -> m.Request:
    record = stage.claimed()
    return m.Complete(CompleteParams(id=record.id, attempt=record.attempt))


def _retry(stage: Stage) -> m.Request:
    record = stage.claimed()
    run_at = stage.now + LATER
    return m.Retry(RetryParams(id=record.id, attempt=record.attempt, run_at=run_at, last_error=ERROR))


def _discard(stage: Stage) -> m.Request:
    record = stage.claimed()
    return m.Discard(DiscardParams(id=record.id, attempt=record.attempt, last_error=ERROR))


def _extend(stage: Stage) -> m.Request:
    record = stage.claimed()
    return m.Extend(ExtendParams(id=record.id, attempt=record.attempt, lease=LATER, now=stage.now))


def _insert_many(stage: Stage) -> m.Request:
    return m.InsertMany(tuple(stage.inserting() for _ in range(3)))


def _claim_many(stage: Stage) -> m.Request:
    for _ in range(2):
        stage.insert()
    return m.ClaimMany(stage.claiming(), 2)


def _finish_and_claim(stage: Stage) -> m.Request:
    record = stage.claimed()
    stage.insert()
    finish = m.Complete(CompleteParams(id=record.id, attempt=record.attempt))
    return m.FinishAndClaim(finish, stage.claiming())


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
