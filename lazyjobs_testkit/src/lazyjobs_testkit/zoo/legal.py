"""Backends that are unusual, and right."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from msgspec.structs import replace

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
    Stats,
    WaitParams,
)
from lazyjobs_testkit import Traits
from lazyjobs_testkit.zoo._base import FINISHED, CorrectBackend, SevenMethods
from lazyjobs_testkit.zoo._mutant import OddBackend
from lazyjobs_testkit.zoo._table import Table

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Bare(SevenMethods):
    """Has the seven methods and nothing else."""


class Complete(CorrectBackend):
    """Has the seven methods and every capability."""


class Gaps(CorrectBackend):
    """Leaves gaps between its ids."""

    def next_id(self) -> int:
        self.table.last_id += random.randrange(1, 1000)  # noqa: S311
        return self.table.last_id


class Snowflakes(CorrectBackend):
    """Makes ids of 63 bits of a time in milliseconds, a machine's number and a counter."""

    def next_id(self) -> int:
        now = (self.now() - _EPOCH) // _MILLISECOND
        self.table.last_id = max(self.table.last_id + 1, now << 22 | 5 << 12)
        return self.table.last_id


class Slow(SevenMethods):
    """Takes 50 ms for each call."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        time.sleep(0.05)
        with super().exclusive(method):
            yield


class WholeMilliseconds(CorrectBackend):
    """Declares a precision of a millisecond and rounds every time up to it, so that many are alike."""

    traits = Traits(max_payload=20_000, precision=_MILLISECOND)

    def now(self) -> datetime:
        return rounded(super().now())

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        record = super().new_record(id, params, now)
        return replace(record, run_at=rounded(record.run_at))

    def lease_end(self, params: ClaimParams | ExtendParams, now: datetime) -> datetime:
        return rounded(super().lease_end(params, now))

    def retry_time(self, params: RetryParams) -> datetime:
        return rounded(super().retry_time(params))


class Talkative(CorrectBackend):
    """Has methods, attributes and parameters of its own beside those of the contract."""

    contract_version = 1
    vacuum = True

    def ping(self) -> bool:
        return True

    def claim(self, params: ClaimParams, *, hint: str = "") -> Record | None:  # noqa: ARG002
        return super().claim(params)


class BestEffort(CorrectBackend):
    """Declares its ordering best-effort, takes any due record, and now and then answers None."""

    traits = Traits(max_payload=20_000, ordering="best-effort", empty_answers=2)

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.empty_answers: dict[tuple[str, ...], int] = {}

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        due = [*super().due_records(queues, now)]
        random.shuffle(due)
        return due

    def take(self, params: ClaimParams) -> Record | None:
        return None if self.is_out_of_luck() else super().take(params)

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        with self.exclusive("claim_many"):
            return [] if limit > 0 and self.is_out_of_luck() else super().claim_many(params, limit)

    def is_out_of_luck(self) -> bool:
        """Whether to answer nothing: never more than twice in a row, counted in each thread."""
        thread = (str(threading.get_ident()),)
        empty = self.empty_answers.get(thread, 0)
        unlucky = empty < self.traits.empty_answers and random.random() < 0.3  # noqa: S311
        self.empty_answers[thread] = empty + 1 if unlucky else 0
        return unlucky


class SnapshotTable(Table):
    """A table whose reads for list and stats come from a copy that is renewed every 20 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.copied_at = 0.0
        self.copy: Sequence[Record] = ()

    def snapshot(self) -> Sequence[Record]:
        if time.monotonic() - self.copied_at > 0.02:
            self.copy, self.copied_at = self.all(), time.monotonic()
        return self.copy


class Behind(CorrectBackend):
    """Declares that list and stats may be 30 ms behind, and answers them from a copy."""

    traits = Traits(max_payload=20_000, staleness=timedelta(milliseconds=30))
    table_class = SnapshotTable
    table: SnapshotTable

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008
        with self.exclusive("list"):
            return self.newest(self.table.snapshot(), options)

    def stats(self) -> Stats:
        with self.exclusive("stats"):
            return self.count(self.table.snapshot())


class ShortMemory(CorrectBackend):
    """Declares that it keeps the newest thirty finished records and drops the others."""

    traits = Traits(max_payload=20_000, retention=30)

    def finish(self, params: FinishParams) -> None:
        super().finish(params)
        finished = sorted((each for each in self.table.all() if each.state in FINISHED), key=self.prune_order)
        for record in finished[:-30]:
            self.table.delete(record.id)


class Skewed(CorrectBackend):
    """Declares that clocks may differ by 50 ms, and every handle's clock is off by up to 25 ms."""

    traits = Traits(max_payload=20_000, clock_skew=timedelta(milliseconds=50))

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.offset = timedelta(seconds=random.uniform(-0.025, 0.025))  # noqa: S311

    def now(self) -> datetime:
        return super().now() + self.offset


class Tiny(CorrectBackend):
    """Declares that a payload has 64 bytes at the most."""

    traits = Traits(max_payload=64)


class Lonely(CorrectBackend):
    """Declares that there is one instance of a namespace."""

    traits = Traits(max_payload=20_000, single_instance=True)


class Frozen(CorrectBackend):
    """Answers with tuples and with mappings that cannot be changed."""

    def newest(self, records: object, options: ListOptions) -> Sequence[Record]:
        return tuple(super().newest(records, options))  # type: ignore[arg-type]

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count(records)
        by_queue_state = {queue: MappingProxyType(states) for queue, states in stats.by_queue_state.items()}
        return Stats(
            total=stats.total,
            by_state=MappingProxyType(stats.by_state),
            by_kind=MappingProxyType(stats.by_kind),
            by_queue=MappingProxyType(stats.by_queue),
            by_queue_state=MappingProxyType(by_queue_state),
        )


class Hopeful(CorrectBackend):
    """Wait answers True at once, whatever is due."""

    def wait(self, params: WaitParams) -> bool:  # noqa: ARG002
        with self.exclusive("wait"):
            return True


class Modest(CorrectBackend):
    """A batch claims one record at a time, whatever its limit."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        return super().claim_many(params, min(limit, 1))


class Brief(CorrectBackend):
    """Keeps a hundred characters of an error text."""

    def storable(self, text: str) -> str:
        return super().storable(text[:100])


class OneMoment(CorrectBackend):
    """Reads its clock once for a batch and for a combined finish and claim, so that times are alike."""

    moment: datetime | None = None

    def now(self) -> datetime:
        return self.moment or super().now()

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        with super().exclusive(method):
            self.moment = self.now()
            try:
                yield
            finally:
                self.moment = None

    def sleep(self, seconds: float) -> None:
        self.moment = None
        super().sleep(seconds)
        self.moment = None


class BareLists(CorrectBackend):
    """Shows empty payloads where none are asked for."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        shown = super().newest(records, options)
        return shown if options.payloads else [replace(record, payload=b"") for record in shown]


class NamedTable(Table):
    """Knows which records a call is about at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.named: Counter[int] = Counter()


class PassesOver(CorrectBackend):
    """A claim passes over a record for as long as a finish or an extension of it is under way."""

    table_class = NamedTable
    table: NamedTable

    def complete(self, params: CompleteParams) -> None:
        with self.naming(params):
            super().complete(params)

    def retry(self, params: RetryParams) -> None:
        with self.naming(params):
            super().retry(params)

    def discard(self, params: DiscardParams) -> None:
        with self.naming(params):
            super().discard(params)

    def extend(self, params: ExtendParams) -> None:
        with self.naming(params):
            super().extend(params)

    @contextmanager
    def naming(self, params: FinishParams | ExtendParams) -> Iterator[None]:
        with self.table.changed:
            self.table.named[params.id] += 1
        try:
            time.sleep(0.0005)
            yield
        finally:
            with self.table.changed:
                self.table.named[params.id] -= 1

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        return [record for record in super().due_records(queues, now) if not self.table.named[record.id]]


def rounded(time: datetime) -> datetime:
    """That time, up to the next millisecond."""
    return _EPOCH - (_EPOCH - time) // _MILLISECOND * _MILLISECOND


ODD_BACKENDS = (
    OddBackend(Bare.Harness),
    OddBackend(Complete.Harness),
    OddBackend(Talkative.Harness),
    OddBackend(Gaps.Harness),
    OddBackend(Snowflakes.Harness),
    OddBackend(Slow.Harness),
    OddBackend(WholeMilliseconds.Harness),
    OddBackend(Skewed.Harness),
    OddBackend(BestEffort.Harness),
    OddBackend(Behind.Harness),
    OddBackend(ShortMemory.Harness),
    OddBackend(Tiny.Harness),
    OddBackend(Lonely.Harness),
    OddBackend(Frozen.Harness),
    OddBackend(Hopeful.Harness),
    OddBackend(Modest.Harness),
    OddBackend(Brief.Harness),
    OddBackend(OneMoment.Harness),
    OddBackend(PassesOver.Harness),
    OddBackend(BareLists.Harness),
)
