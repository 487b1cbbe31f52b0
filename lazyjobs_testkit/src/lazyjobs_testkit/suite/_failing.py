"""Making the storage fail in every request of a call, and judging what came of it."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Literal

from msgspec import Struct

from lazyjobs import ListOptions, Record
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import Log, Survey, Target, perform, targets_for
from lazyjobs_testkit.harness import SupportsFaults
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._clerk import Clerk

READS = (
    Target("list", lambda _: m.ListRecords(ListOptions(limit=None))),
    Target("stats", lambda _: m.CountRecords()),
)

Moment = Literal["before", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "after")

_SECONDS = 0.6
_MOST_REQUESTS = 50


class Failure(Struct, frozen=True, kw_only=True):
    """A call in which a request to the storage failed."""

    place: str
    request: m.Request
    answer: m.Answer
    raised: BaseException | None

    def __str__(self) -> str:
        return self.place


class Failing:
    """A namespace whose storage fails on demand, and the calls that were made on it."""

    def __init__(self, bench: Bench, clerk: Clerk) -> None:
        assert isinstance(bench.harness, SupportsFaults)
        self.clerk = clerk
        self._log = Log(bench.traits)
        self._faults = bench.harness.faults(bench.namespace)
        self._bench = bench

    def ask(self, request: m.Request) -> m.Answer:
        """Makes a call while the storage is as it is."""
        backend = self._bench.backend
        return self._log.note(self.clerk.do(lambda: perform(backend, request, caller="kit", handle="backend")))

    def failures(self, names: Collection[str] = (), more: Sequence[Target] = ()) -> Iterator[Failure]:
        """Lets each request of the calls of those names fail, or of all calls and `more`."""
        chosen = [each for each in targets_for(self._bench.raw()) if not names or each.name in names]
        failed, deadline = 0, time.monotonic() + _SECONDS * self._bench.budget
        for target, moment in product((*chosen, *more), MOMENTS):
            for skip in range(_MOST_REQUESTS):
                if skip and time.monotonic() > deadline:
                    break
                failure = self._fail(target, moment, skip)
                if failure is None:
                    break
                failed += 1
                yield failure
        if not failed:
            self._bench.blocked("the switch of faults() was armed, and not one request failed")

    def _fail(self, target: Target, moment: Moment, skip: int) -> Failure | None:
        """The failure; None if the call had no request of that number."""
        request = target.prepare(self._log.prelude(self.ask))
        self._faults.arm(moment, skip=skip)
        try:
            answer = self.ask(request)
        finally:
            failed = self._faults.clear()
        raised = self._bench.trail[-1].raised
        place = f"{target.name}, whose request {skip + 1} failed {moment} it took effect"
        return Failure(place=place, request=request, answer=answer, raised=raised) if failed else None

    def falter(self, request: m.Request, moment: Moment, skip: int) -> m.Answer:
        """Makes a call in which a request may fail."""
        self._faults.arm(moment, skip=skip)
        try:
            return self.ask(request)
        finally:
            self._faults.clear()

    def survey(self) -> Survey:
        """Looks at every record, and judges the calls so far; blocked if the storage cannot even be read."""
        found = self._log.survey(self.ask, errors_allowed=True)
        if isinstance(found.history.operations[-1].answer, m.Unknown):
            self._bench.blocked(f"list raised {found.history.operations[-1].answer.error} when the storage was well")
        return found

    def recover(self) -> Sequence[Record]:
        """Claims and completes whatever is unfinished, as of when its lease ends; what no claim handed out."""
        return self._log.recover(self.ask)


@contextmanager
def failing(bench: Bench) -> Iterator[Failing]:
    """The namespace of the bench, ready to fail; all calls are made by a thread that may hang."""
    clerk = Clerk("a thread")
    try:
        yield Failing(bench, clerk)
    finally:
        clerk.dismiss()
