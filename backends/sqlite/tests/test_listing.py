import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest

from lazyjobs import ClaimParams, CompleteParams, DiscardParams, InsertParams, ListOptions, PruneParams, Record, State
from lazyjobs import RetryParams as Retry
from lazyjobs_sqlite import SQLiteBackend, _listing

_age = attrgetter("updated_at", "id")


class JumpingClock:
    """A clock that goes on, and sometimes back."""

    def __init__(self, choices: random.Random) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self._choices = choices

    def read(self) -> datetime:
        jump = self._choices.uniform(-100, 100) if self._choices.random() < 0.1 else self._choices.choice((0, 1))
        self.now += timedelta(seconds=jump)
        return self.now


@pytest.mark.parametrize("few", [0, 2000])
@pytest.mark.parametrize("seed", range(5))
def test_the_newest_are_told_however_the_clock_jumps(
    open_it: Callable[..., SQLiteBackend], monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    monkeypatch.setattr(_listing, "_FEW", few)
    choices = random.Random(seed)
    backend = open_it(durability="normal", clock=JumpingClock(choices).read)
    for _ in range(150):
        act(backend, choices)
        states = frozenset(choices.sample(list(State), choices.randint(1, 5)))
        for limit in (1, 3, 10):
            assert backend.list(ListOptions(limit=limit, states=states)) == newest(backend, states)[:limit]


def act(backend: SQLiteBackend, choices: random.Random) -> None:
    far = datetime(2100, 1, 1, tzinfo=UTC)
    action = choices.random()
    if action < 0.6:
        backend.insert(InsertParams(kind="greet", run_at=choices.choice((None, far))))
    elif action < 0.65:
        backend.insert_many([InsertParams(kind="greet")] * 3)
    elif action < 0.7:
        backend.prune(PruneParams(finished_before=far, limit=2))
    elif (record := backend.claim(ClaimParams(now=far - timedelta(days=1)))) is not None:
        verb = choices.choice((CompleteParams, DiscardParams, Retry, None))
        if verb is CompleteParams:
            backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        elif verb is DiscardParams:
            backend.discard(DiscardParams(id=record.id, attempt=record.attempt))
        elif verb is Retry:
            backend.retry(Retry(id=record.id, attempt=record.attempt, run_at=far))


def newest(backend: SQLiteBackend, states: frozenset[State]) -> Sequence[Record]:
    everything = backend.list(ListOptions(limit=None))
    return sorted((record for record in everything if record.state in states), key=_age, reverse=True)
