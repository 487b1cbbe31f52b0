"""Interrupting a worker at one API call, and judging what the next ones make of what it left."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Literal

from aws_support.place import Place, shared_client
from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    RetryParams,
    State,
    WaitParams,
)
from lazyjobs_aws import AwsBackend

Moment = Literal["before", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "after")

LEASE = timedelta(minutes=1)
LARGE = b'"' + b"x" * 3000 + b'"'
_EMPTY_ANSWERS = 3


class Crash(BaseException):
    """The process ends here."""


class Interruptions:
    """Counts the API calls of this process's namespaces, and crashes at one of them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._place = -1
        self._moment: Moment = "before"
        for service in ("dynamodb", "sqs"):
            events = shared_client(service).meta.events
            events.register(f"before-call.{service}", self._before)
            events.register(f"after-call.{service}", self._after)

    def remove(self) -> None:
        """Counts no more."""
        for service in ("dynamodb", "sqs"):
            events = shared_client(service).meta.events
            events.unregister(f"before-call.{service}", self._before)
            events.unregister(f"after-call.{service}", self._after)

    def arm(self, place: int = -1, moment: Moment = "before") -> None:
        """Crashes at the call of that number, counted from 0; a negative one never comes."""
        self.calls, self._place, self._moment = [], place, moment

    def disarm(self) -> None:
        """Crashes no more; what was called stays."""
        self._place = -1

    def _before(self, model: Any, **_: object) -> None:
        self.calls.append(model.name)
        self._crash("before")

    def _after(self, model: Any, **_: object) -> None:
        self._crash("after")

    def _crash(self, moment: Moment) -> None:
        if len(self.calls) - 1 == self._place and moment == self._moment:
            self.disarm()
            raise Crash


@dataclass
class World:
    """A namespace and what its workers were told."""

    place: Place
    kind: type[AwsBackend] = AwsBackend
    acknowledged: set[str] = field(default_factory=set)
    attempted: set[str] = field(default_factory=set)
    held: dict[int, Record] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _numbers: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    def open(self) -> AwsBackend:
        return self.place.open_as(self.kind)

    def params(self, payload: bytes = b"{}", later: timedelta | None = None) -> InsertParams:
        run_at = None if later is None else self.place.now() + later
        params = InsertParams(kind=f"job{next(self._numbers)}", payload=payload, run_at=run_at)
        self.attempted.add(params.kind)
        return params

    def insert(self, backend: AwsBackend, payload: bytes = b"{}", later: timedelta | None = None) -> Record:
        record = backend.insert(self.params(payload, later))
        self.acknowledged.add(record.kind)
        return record

    def claim(self, backend: AwsBackend) -> Record | None:
        record = backend.claim(ClaimParams(lease=LEASE))
        if record is not None:
            self.note(record)
        return record

    def note(self, record: Record) -> None:
        """Fails a claim that somebody else still has."""
        before = self.held.get(record.id)
        if before is not None and before.lease_expires_at is not None and before.lease_expires_at > self.place.now():
            self.wrong.append(f"{record.kind} was claimed by two at once")
        self.held[record.id] = record

    def claimed(self, backend: AwsBackend) -> Record:
        record = None
        for _ in range(_EMPTY_ANSWERS):
            record = record or self.claim(backend)
        assert record is not None
        return record

    def release(self, record: Record) -> Record:
        """The work has ended, and its outcome is about to be written."""
        self.held.pop(record.id, None)
        return record

    def complete(self, backend: AwsBackend, record: Record) -> None:
        self.release(record)
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))

    def drain(self) -> None:
        """A new worker runs whatever it is given."""
        backend, empty = self.open(), 0
        while empty < _EMPTY_ANSWERS:
            record = self.claim(backend)
            empty = empty + 1 if record is None else 0
            if record is not None:
                self.complete(backend, record)

    def run_one(self) -> None:
        """A new worker runs one job, if it is given one."""
        backend = self.open()
        record = self.claim(backend)
        if record is not None:
            self.complete(backend, record)

    def judge(self) -> list[str]:
        """What is wrong once all leases have ended and the last worker has run all that it was given."""
        self.drain()
        self.place.offset += timedelta(hours=1)
        self.drain()
        records = self.open().list(ListOptions(limit=None))
        stored = {record.kind for record in records}
        unfinished = [record for record in records if record.state not in (State.SUCCEEDED, State.DISCARDED)]
        return [
            *self.wrong,
            *(f"{kind} was acknowledged and is gone" for kind in sorted(self.acknowledged - stored)),
            *(f"{record.kind} is {record.state} for ever" for record in unfinished),
            *(["a job is there twice"] if len(stored) < len(records) else []),
        ]


@dataclass(frozen=True)
class Scenario:
    """A call in which a worker crashes, and what comes before."""

    name: str
    prepare: Callable[[World, AwsBackend], Any]
    act: Callable[[World, AwsBackend, Any], object]


def _claimed(world: World, backend: AwsBackend) -> Record:
    world.insert(backend)
    return world.claimed(backend)


def _retried(world: World, backend: AwsBackend) -> None:
    _retry(world, backend, _claimed(world, backend))


def _ended(world: World, backend: AwsBackend) -> None:
    _claimed(world, backend)
    world.place.offset += 2 * LEASE


def _finished(world: World, backend: AwsBackend) -> None:
    record = world.insert(backend, LARGE)
    world.complete(backend, world.claimed(backend))
    world.acknowledged.discard(record.kind)  # it may be pruned


def _insert_many(world: World, backend: AwsBackend, _: object) -> None:
    records = backend.insert_many([world.params(), world.params(LARGE), world.params(later=LEASE)])
    world.acknowledged |= {record.kind for record in records}


def _claim_many(world: World, backend: AwsBackend, _: object) -> None:
    for record in backend.claim_many(ClaimParams(lease=LEASE), 3):
        world.note(record)


def _retry(world: World, backend: AwsBackend, record: Record) -> None:
    world.release(record)
    backend.retry(RetryParams(id=record.id, attempt=record.attempt, last_error="no luck"))


def _discard(world: World, backend: AwsBackend, record: Record) -> None:
    world.release(record)
    backend.discard(DiscardParams(id=record.id, attempt=record.attempt, last_error="no luck"))


def _nothing(_: World, __: AwsBackend) -> None:
    pass


CORE = (
    Scenario("insert", _nothing, lambda world, backend, _: world.insert(backend)),
    Scenario("claim", lambda world, backend: world.insert(backend), lambda world, backend, _: world.claim(backend)),
    Scenario("claim of a retried job", _retried, lambda world, backend, _: world.claim(backend)),
    Scenario("claim of an ended lease", _ended, lambda world, backend, _: world.claim(backend)),
    Scenario("complete", _claimed, lambda world, backend, record: world.complete(backend, record)),
    Scenario("retry", _claimed, _retry),
    Scenario("discard", _claimed, _discard),
)

REST = (
    Scenario("insert of a large payload", _nothing, lambda world, backend, _: world.insert(backend, LARGE)),
    Scenario("insert of a scheduled job", _nothing, lambda world, backend, _: world.insert(backend, later=LEASE)),
    Scenario(
        "claim of a large payload",
        lambda world, backend: world.insert(backend, LARGE),
        lambda world, backend, _: world.claim(backend),
    ),
    Scenario(
        "extend",
        _claimed,
        lambda _, backend, record: backend.extend(ExtendParams(id=record.id, attempt=record.attempt, lease=LEASE)),
    ),
    Scenario("insert_many", _nothing, _insert_many),
    Scenario("claim_many", lambda world, backend: [world.insert(backend) for _ in range(3)], _claim_many),
    Scenario(
        "wait",
        lambda world, backend: world.insert(backend),
        lambda _, backend, __: backend.wait(WaitParams(timeout=timedelta(0))),
    ),
    Scenario(
        "prune",
        _finished,
        lambda world, backend, _: backend.prune(PruneParams(finished_before=world.place.now())),
    ),
    Scenario("list", _retried, lambda _, backend, __: backend.list()),
    Scenario("stats", _retried, lambda _, backend, __: backend.stats()),
    Scenario("close", _claimed, lambda _, backend, __: backend.close()),
)


def survive(act: Callable[[], object]) -> bool:
    """Whether the worker came to the end of it."""
    try:
        act()
    except Crash:
        return False
    return True


class Enumeration:
    """Every crash of a scenario, each in a world of its own."""

    def __init__(self, make_place: Callable[[], Place], crashes: Interruptions, kind: type[AwsBackend]) -> None:
        self._make_place = make_place
        self._crashes = crashes
        self._kind = kind
        self.count = 0
        self.interrupted = 0
        """How many of them ended in the middle of something."""

    def run(self, scenario: Scenario, *, purged: bool, twice: bool = False) -> dict[str, list[str]]:
        """What is wrong after each crash of the scenario, by where it was; nothing where all is well."""
        wrong: dict[str, list[str]] = {}
        place, calls = 0, 1
        while place < calls:
            for moment in MOMENTS:
                world, calls = self._crash(scenario, place, moment)
                where = f"{scenario.name}, {moment} {self._named(place)}"
                if twice:
                    wrong |= self._crash_again(scenario, place, moment, where, purged=purged)
                    continue
                wrong |= self._judged(world, where, purged=purged)
            place += 1
        return wrong

    def _named(self, place: int) -> str:
        return f"call {place + 1} ({self._crashes.calls[place]})" if place < len(self._crashes.calls) else "nothing"

    def _crash(self, scenario: Scenario, place: int, moment: Moment) -> tuple[World, int]:
        """The world after the crash, and at least how many calls the scenario has."""
        world = World(self._make_place(), self._kind)
        worker = world.open()
        prepared = scenario.prepare(world, worker)
        self._crashes.arm(place, moment)
        survived = survive(lambda: scenario.act(world, worker, prepared))
        self.interrupted += not survived
        calls = len(self._crashes.calls)
        self._crashes.disarm()
        return world, calls if survived else calls + 1

    def _judged(self, world: World, where: str, *, purged: bool) -> dict[str, list[str]]:
        self.count += 1
        if purged:
            world.place.purge()
        wrong = world.judge()
        world.place.remove()
        return {where: wrong} if wrong else {}

    def _crash_again(
        self, scenario: Scenario, place: int, moment: Moment, where: str, *, purged: bool
    ) -> dict[str, list[str]]:
        """The same crash, and then one at each call by which the next worker runs a job."""
        wrong: dict[str, list[str]] = {}
        second, calls = 0, 1
        while second < calls:
            for again in MOMENTS:
                world, _ = self._crash(scenario, place, moment)
                world.place.offset += 2 * LEASE
                self._crashes.arm(second, again)
                survived = survive(world.run_one)
                calls = len(self._crashes.calls) + (0 if survived else 1)
                name = self._named(second)
                self._crashes.disarm()
                wrong |= self._judged(world, f"{where}, then {again} {name}", purged=purged)
            second += 1
        return wrong
