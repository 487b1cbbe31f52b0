"""Choosing the next step of a random sequence."""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from lazyjobs import State
from lazyjobs_testkit.suite._steps import (
    ClaimManyStep,
    ClaimStep,
    ExtendStep,
    FinishAndClaimStep,
    FinishStep,
    InsertManyStep,
    InsertStep,
    ListStep,
    PruneStep,
    ReopenStep,
    Scene,
    StatsStep,
    Step,
)

T = TypeVar("T")

_QUEUES = ("a", "b", "c")
_KINDS = ("k", "other.kind")
_WORKERS = ("", "one", "two:2/b")
_LEASES = (1.0, 10.0, 60.0, 3600.0)
_ADVANCES = (0.0, 0.0, 0.0, 1.0, 9.0, 60.0, 3600.0)
_PAYLOADS = (b"{}", b'{"b": 1.0, "a": 1e0}', b"[null]")
_INSERTING = (24, 8, 3)
"""How likely an insert is in a sequence: one of few records brings each of them far."""
_ERRORS = ("", "failed", "failed again:\n\tat line 1", "nul \0 and half a pair \ud800")


class Chooser:
    """Chooses steps that are likely to mean something: a time that moves on, claims that are held, ids that exist.

    The same numbers from `choices` lead to the same steps, as long as the same answers come back.
    """

    def __init__(self, choices: random.Random, extras: Collection[str], handles: int) -> None:
        self._choices = choices
        self._extras = extras
        self._handles = handles
        self._now = float(choices.choice((-7200, -60, 0)))
        self._inserting = choices.choice(_INSERTING)
        self._planned: list[Step] = []

    def choose(self, scene: Scene) -> Step:
        """The next step."""
        if self._planned:
            return self._planned.pop()
        self._now += self._choices.choice(_ADVANCES)
        makers: list[tuple[int, Callable[[Scene], Step]]] = [
            (self._inserting, self._insert),
            (30, self._claim),
            (28, self._finish),
            (9, self._list),
            (4, self._stats),
        ]
        makers += [(20, maker) for name, maker in self._optional().items() if name in self._extras]
        weights = [weight for weight, _ in makers]
        return self._choices.choices([maker for _, maker in makers], weights)[0](scene)

    def _optional(self) -> dict[str, Callable[[Scene], Step]]:
        return {
            "extend": self._extend,
            "insert_many": self._insert_many,
            "claim_many": self._claim_many,
            "finish_and_claim": self._finish_and_claim,
            "prune": self._prune,
            "reopen": lambda _: ReopenStep(handle=self._handle()),
        }

    def _handle(self) -> int:
        return self._choices.randrange(self._handles)

    def _insert(self, scene: Scene) -> InsertStep:  # noqa: ARG002 (it refers to nothing)
        pick = self._choices.choice
        return InsertStep(
            handle=self._handle(),
            queue=pick(_QUEUES),
            run_at=pick((None, self._now, self._now, self._now - 60, self._now + 1, self._now + 60)),
            payload=pick(_PAYLOADS),
            kind=pick(_KINDS),
            max_attempts=pick((1, 2, 25)),
        )

    def _insert_many(self, scene: Scene) -> Step:
        inserts = tuple(self._insert(scene) for _ in range(self._choices.randrange(4)))
        return InsertManyStep(handle=self._handle(), inserts=inserts)

    def _claim(self, scene: Scene) -> ClaimStep:  # noqa: ARG002 (it refers to nothing)
        return ClaimStep(
            handle=self._handle(),
            queues=tuple(self._choices.sample(_QUEUES, self._choices.choice((1, 2, 3, 3)))),
            now=self._choices.choice((None, *[self._now] * 6, self._now - 60)),
            lease=self._choices.choice(_LEASES),
            worker=self._choices.choice(_WORKERS),
        )

    def _claim_many(self, scene: Scene) -> Step:
        return ClaimManyStep(handle=self._handle(), claim=self._claim(scene), limit=self._choices.choice((1, 2, 3, 10)))

    def _finish(self, scene: Scene) -> FinishStep:
        return FinishStep(
            handle=self._handle(),
            verb=self._choices.choice(("complete", "retry", "retry", "discard")),
            place=self._place(scene),
            shift=self._shift(),
            run_at=self._choices.choice((None, self._now, self._now, self._now + 60)),
            last_error=self._choices.choice(_ERRORS),
            spare=self._choices.random() < 0.3,
        )

    def _finish_and_claim(self, scene: Scene) -> Step:
        return FinishAndClaimStep(handle=self._handle(), finish=self._finish(scene), claim=self._claim(scene))

    def _extend(self, scene: Scene) -> Step:
        return ExtendStep(
            handle=self._handle(),
            place=self._place(scene),
            shift=self._shift(),
            now=self._choices.choice((None, self._now, self._now)),
            lease=self._choices.choice(_LEASES),
        )

    def _list(self, scene: Scene) -> Step:
        return ListStep(
            handle=self._handle(),
            limit=self._choices.choice((None, None, 1, 2, 100)),
            states=self._some(State, (0, 0, 1, 2)),
            kinds=self._some(_KINDS, (0, 0, 0, 1)),
            queues=self._some(_QUEUES, (0, 0, 1, 2)),
            payloads=self._choices.random() < 0.8,
            place=self._choices.choice((None, None, self._place(scene))),
        )

    def _some(self, values: Iterable[T], counts: Sequence[int]) -> tuple[T, ...]:
        return tuple(self._choices.sample(list(values), self._choices.choice(counts)))

    def _stats(self, scene: Scene) -> Step:  # noqa: ARG002 (it refers to nothing)
        return StatsStep(handle=self._handle())

    def _prune(self, scene: Scene) -> Step:
        """A list first, from which the model learns how old each record is."""
        place = self._choices.choice((None, self._place(scene)))
        prune = PruneStep(handle=self._handle(), place=place, limit=self._choices.choice((1, 1, 2, 1000)))
        self._planned = [ListStep(handle=self._handle()), prune]
        return ListStep(handle=self._handle())

    def _place(self, scene: Scene) -> int:
        """Most often that of a record that is held, now and then of any other, or of none."""
        held = [place for place, id in enumerate(scene.ids) if _is_running(scene, id)]
        if held and self._choices.random() < 0.75:
            return self._choices.choice(held)
        return self._choices.randrange(len(scene.ids) + 1)

    def _shift(self) -> int:
        return self._choices.choice((*[0] * 10, -1, -1, 1))


def _is_running(scene: Scene, id: int) -> bool:
    entry = scene.model.entries.get(id)
    return entry is not None and entry.state is State.RUNNING
