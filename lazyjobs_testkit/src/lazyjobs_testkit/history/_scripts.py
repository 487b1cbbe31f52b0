"""What a caller does under load. Scripts are values, so that a process can be sent one."""

import random
from datetime import datetime, timedelta

from msgspec import Struct

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    Record,
    RetryParams,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._meeting import Meeting
from lazyjobs_testkit.history._recorder import Recorder

_LEASE = timedelta(seconds=60)
_WORKERS = ("", "one")
"""Few, as equal claims are what a checker need not tell apart."""


class Rounds(Struct, frozen=True, tag=True):
    """In each round, begun by all callers at once, makes some calls; a round without calls is waited for."""

    rounds: tuple[tuple[m.Request, ...], ...]

    def play(self, recorder: Recorder, meeting: Meeting) -> None:
        for number, requests in enumerate(self.rounds, start=1):
            if not meeting.begin(number):
                return
            for request in requests:
                recorder.ask(request)


class Drain(Struct, frozen=True, tag=True):
    """Claims until nothing has been due for some time running; completes what it claimed, if told to."""

    queues: tuple[str, ...]
    patience: int = 1
    """After how many empty answers running it gives up."""
    complete: bool = False

    def play(self, recorder: Recorder, meeting: Meeting) -> None:
        if not meeting.begin(1):
            return
        claim = m.Claim(ClaimParams(queues=self.queues, lease=_LEASE))
        empty = 0
        while empty < self.patience:
            answer = recorder.ask(claim)
            empty = 0 if isinstance(answer, m.One) else empty + 1
            if self.complete and isinstance(answer, m.One):
                recorder.ask(m.Complete(CompleteParams(id=answer.record.id, attempt=answer.record.attempt)))
            if meeting.over:
                return


class Churn(Struct, frozen=True, tag=True):
    """Inserts, claims and finishes in all three ways, at random: the same for the same seed."""

    seed: int
    queues: tuple[str, ...]
    calls: int
    run_at: datetime
    """When everything is due: in the past."""

    def play(self, recorder: Recorder, meeting: Meeting) -> None:
        choices = random.Random(self.seed)  # noqa: S311 (to be reproduced, not to be secret)
        held: list[Record] = []
        if not meeting.begin(1):
            return
        for number in range(self.calls):
            if number and meeting.over:
                return
            request = self._choose(choices, held, f'{{"n":"{recorder.caller} {number}"}}'.encode())
            answer = recorder.ask(request)
            if isinstance(request, m.Claim) and isinstance(answer, m.One):
                held.append(answer.record)

    def _choose(self, choices: random.Random, held: list[Record], payload: bytes) -> m.Request:
        kind = choices.random()
        if held and kind < 0.35:
            return self._finish(choices, held.pop(choices.randrange(len(held))))
        if kind < 0.65:
            queue = choices.choice(self.queues)
            return m.Insert(InsertParams(kind="kit.load", queue=queue, payload=payload, run_at=self.run_at))
        worker = choices.choice(_WORKERS)
        return m.Claim(ClaimParams(queues=self.queues, lease=_LEASE, worker=worker))

    def _finish(self, choices: random.Random, record: Record) -> m.Request:
        id, attempt = record.id, record.attempt
        match choices.randrange(4):
            case 0:
                error, spare = f"failed {attempt}", choices.random() < 0.5
                return m.Retry(RetryParams(id=id, attempt=attempt, run_at=self.run_at, last_error=error, spare=spare))
            case 1:
                return m.Discard(DiscardParams(id=id, attempt=attempt, last_error=f"gave up at {attempt}"))
        return m.Complete(CompleteParams(id=id, attempt=attempt))


Script = Rounds | Drain | Churn
