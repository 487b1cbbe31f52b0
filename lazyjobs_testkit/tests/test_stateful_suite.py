"""Random sequences: a right backend passes them, a wrong one is told by the fewest calls that show it."""

import random
import re
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from lazyjobs import (
    Backend,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
)
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._steps import ClaimStep, FinishStep, InsertStep
from lazyjobs_testkit.suite._walk import walk_at_random

EXTRAS = ("extend", "insert_many", "claim_many", "finish_and_claim", "prune")


class WalkHarness(Harness):
    backend: ClassVar[Callable[[], Backend]] = MemoryBackend
    stores: ClassVar[dict[str, Backend]] = {}

    def open(self, namespace: str) -> Backend:
        return self.stores.setdefault(namespace, type(self).backend())

    def destroy(self, namespace: str) -> None:
        self.stores.pop(namespace, None)


def walk(backend: Callable[[], Backend], extras: Sequence[str] = (), *, seed: int = 1, **traits: object) -> str:
    """What random sequences find wrong with the backend; "" if nothing."""
    members = {"backend": staticmethod(backend), "traits": Traits(**traits), "stores": {}}  # type: ignore[arg-type]
    harness = type("SomeHarness", (WalkHarness,), members)
    with Bench(harness(), seed=seed) as bench:
        try:
            walk_at_random(bench, extras)
        except AssertionError as error:
            return str(error)
    return ""


class Kept(MemoryBackend):
    """A memory backend that stays open, since handles on a namespace share it."""

    def close(self) -> None:
        pass


@pytest.mark.parametrize("extras", [(), *((extra,) for extra in EXTRAS), EXTRAS, ("reopen",)], ids=str)
def test_a_right_backend_passes(extras: Sequence[str]) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    assert walk(Kept, extras, seed=seed) == ""


def test_two_handles_in_turn_pass() -> None:
    members = {"backend": staticmethod(Kept), "stores": {}}
    harness = type("SomeHarness", (WalkHarness,), members)
    with Bench(harness(), seed=4) as bench:
        walk_at_random(bench, handles=2)


class Drops(Kept):
    """Loses track of a record that is discarded at its second attempt."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped: set[int] = set()

    def discard(self, params: DiscardParams) -> None:
        super().discard(params)
        if params.attempt == 2:
            self.dropped.add(params.id)

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        return [record for record in super().list(options) if record.id not in self.dropped]


def test_the_same_seed_finds_the_same_sequence() -> None:
    first, second = (re.sub(r"\d\d:\d\d:\d\d(\.\d+)?|found: .*", "", walk(Drops, seed=9)) for _ in range(2))
    assert first == second


def test_a_failure_is_told_in_few_calls_that_can_be_run() -> None:
    message = walk(Drops, seed=5)
    code = [line.strip() for line in message.splitlines() if line.startswith("    ")]
    assert len(code) <= 8
    assert code[0].startswith("T = datetime.now(UTC)")
    assert code[-1].endswith("<<< not allowed")
    assert run_again("\n".join(code)) == []


def run_again(code: str) -> Sequence[Record]:
    """What the last call of the code answers on a fresh backend."""
    from datetime import UTC, datetime, timedelta

    from lazyjobs import State

    names = [
        ClaimParams,
        CompleteParams,
        DiscardParams,
        InsertParams,
        ListOptions,
        RetryParams,
        State,
        datetime,
        timedelta,
    ]
    scope: dict[str, object] = {each.__name__: each for each in names}
    scope |= {"UTC": UTC, "backend": Drops()}
    *lines, last = code.splitlines()
    exec("\n".join(lines), scope)
    answer = eval(last, scope)
    assert isinstance(answer, list)
    return answer


class Slow(Kept):
    """Shows in its list what was so two calls ago."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        self.asked += 1
        return super().list(options) if self.asked % 3 == 0 else []


def test_a_list_that_is_behind_is_asked_again_as_long_as_is_declared() -> None:
    from datetime import timedelta

    assert "does not show" in walk(Slow)
    assert walk(Slow, staleness=timedelta(seconds=2)) == ""


class Vague(Kept):
    """Claims nothing every other time."""

    asked = 0

    def claim(self, params: ClaimParams) -> Record | None:
        self.asked += 1
        return super().claim(params) if self.asked % 2 else None


def test_empty_answers_are_allowed_as_declared() -> None:
    assert "claim answered None" in walk(Vague)
    assert walk(Vague, ordering="best-effort", empty_answers=1) == ""


def test_the_plainest_steps_are_an_insert_its_claim_and_its_completion() -> None:
    assert (InsertStep().queue,) == ClaimStep().queues
    assert FinishStep() == FinishStep(verb="complete", place=0, shift=0)
