"""A worker in a hurry: inserts, claims and finishes without a pause."""

import random
from collections.abc import Collection, Generator, Sequence
from datetime import UTC, datetime, timedelta

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    PruneParams,
    Record,
    RetryParams,
)
from lazyjobs_testkit import model as m

LEASE = timedelta(hours=1)
"""No lease ends while the churning lasts, so whatever is running has a holder or had one that was killed."""
_MOST_HELD = 3
_SEVERAL = 2


def churn(
    seed: int, name: str, queues: Sequence[str], methods: Collection[str] = ()
) -> Generator[m.Request, m.Answer, None]:
    """Calls one after the other, each to be made and its answer sent back; a finish that got no answer is repeated.

    `methods` are those beyond insert, claim and the finishing verbs that are used too.
    """
    worker = _Worker(random.Random(seed), name, seed, tuple(queues), frozenset(methods))  # noqa: S311 (no secret)
    answer: m.Answer = m.Nothing()
    while True:
        request = worker.choose()
        answer = yield request
        while isinstance(answer, m.Unknown) and isinstance(request, m.Finish | m.FinishAndClaim):
            answer = yield request
        worker.take(answer if isinstance(request, m.Claim | m.ClaimMany | m.FinishAndClaim) else m.Nothing())


class _Worker:
    def __init__(
        self, choices: random.Random, name: str, seed: int, queues: tuple[str, ...], methods: frozenset[str]
    ) -> None:
        self._choices = choices
        self._name = name.encode()
        self._seed = seed
        self._methods = methods
        self._claim = ClaimParams(queues=queues, lease=LEASE, worker="kit.churn")
        self._held: list[Record] = []
        self._number = 0

    def choose(self) -> m.Request:
        """What to ask for next."""
        if self._use("prune", 0.02):
            return m.Prune(PruneParams(finished_before=datetime.now(UTC)))
        if self._held and self._use("extend", 0.05):
            record = self._choices.choice(self._held)
            return m.Extend(ExtendParams(id=record.id, attempt=record.attempt, lease=LEASE))
        if self._held and (len(self._held) >= _MOST_HELD or self._choices.random() < 0.4):
            return self._finish(self._held.pop(self._choices.randrange(len(self._held))))
        if self._choices.random() < 0.5:
            if self._use("insert_many", 0.3):
                return m.InsertMany(tuple(self._insert() for _ in range(_SEVERAL)))
            return m.Insert(self._insert())
        return m.ClaimMany(self._claim, _SEVERAL) if self._use("claim_many", 0.3) else m.Claim(self._claim)

    def take(self, answer: m.Answer) -> None:
        """Holds what was claimed."""
        match answer:
            case m.One(record):
                self._held.append(record)
            case m.Many(records):
                self._held.extend(records)

    def _use(self, method: str, share: float) -> bool:
        return method in self._methods and self._choices.random() < share

    def _insert(self) -> InsertParams:
        self._number += 1
        payload = b'{"by":"%s","seed":%d,"number":%d}' % (self._name, self._seed, self._number)
        return InsertParams(kind="kit.crash", queue=self._choices.choice(self._claim.queues), payload=payload)

    def _finish(self, record: Record) -> m.Finish | m.FinishAndClaim:
        id, attempt, error = record.id, record.attempt, f"failed at attempt {record.attempt}"
        finish: m.Finish = self._choices.choice(
            (
                m.Complete(CompleteParams(id=id, attempt=attempt)),
                m.Retry(RetryParams(id=id, attempt=attempt, last_error=error, spare=bool(attempt % 2))),
                m.Discard(DiscardParams(id=id, attempt=attempt, last_error=error)),
            )
        )
        return m.FinishAndClaim(finish, self._claim) if self._use("finish_and_claim", 0.5) else finish
