"""A worker in a hurry: inserts, claims and finishes without a pause."""

import random
from collections.abc import Generator, Sequence
from datetime import timedelta

from lazyjobs import ClaimParams, CompleteParams, DiscardParams, InsertParams, Record, RetryParams
from lazyjobs_testkit import model as m

LEASE = timedelta(hours=1)
"""No lease ends while the churning lasts, so whatever is running has a holder or had one that was killed."""
_MOST_HELD = 3


def churn(seed: int, name: str, queues: Sequence[str]) -> Generator[m.Request, m.Answer, None]:
    """Calls one after the other, each to be made and its answer sent back; a finish that got no answer is repeated."""
    choices = random.Random(seed)  # noqa: S311 (to be reproduced, not to be secret)
    held: list[Record] = []
    number = 0
    while True:
        if held and (len(held) == _MOST_HELD or choices.random() < 0.4):
            finish = _finish(choices, held.pop(choices.randrange(len(held))))
            while isinstance((yield finish), m.Unknown):
                pass
        elif choices.random() < 0.5:
            number += 1
            payload = b'{"by":"%s","seed":%d,"number":%d}' % (name.encode(), seed, number)
            yield m.Insert(InsertParams(kind="kit.crash", queue=choices.choice(queues), payload=payload))
        else:
            answer = yield m.Claim(ClaimParams(queues=tuple(queues), lease=LEASE))
            if isinstance(answer, m.One):
                held.append(answer.record)


def _finish(choices: random.Random, record: Record) -> m.Finish:
    id, attempt, error = record.id, record.attempt, f"failed at attempt {record.attempt}"
    return choices.choice(
        (
            m.Complete(CompleteParams(id=id, attempt=attempt)),
            m.Retry(RetryParams(id=id, attempt=attempt, last_error=error)),
            m.Discard(DiscardParams(id=id, attempt=attempt, last_error=error)),
        )
    )
