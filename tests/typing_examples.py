"""Code as users write it, which only mypy reads: what ought to pass passes, and each ignored error has to be there.

The checker runs with unused ignores as errors, so a promise that the types no longer keep is found either way.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self, assert_never, assert_type

import attrs
import msgspec
import pydantic

from lazyjobs import (
    Backend,
    BackendURL,
    BaseJob,
    ClaimParams,
    CompleteParams,
    CurrentJob,
    Definition,
    DiscardParams,
    FinishParams,
    InsertParams,
    Job,
    JobRunner,
    ListOptions,
    OpensFromURL,
    QueueNamer,
    Record,
    RetryParams,
    RetryPolicy,
    Snapshot,
    State,
    Stats,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsWait,
    WaitParams,
    current_job,
    current_runner,
    open_backend,
    use_runner,
)

runner = JobRunner("memory://", workers=4, queues=["default", "mail"], lease=timedelta(minutes=5))


@runner.register
@dataclass
class Welcome(BaseJob):
    kind: ClassVar[str] = "welcome"
    job_queue: ClassVar[str] = "mail"
    user_id: int
    name: str | None = None

    async def work(self) -> None:
        assert_type(current_job(), CurrentJob)
        assert_type(self.user_id, int)


@runner.register
@dataclass(frozen=True, slots=True)
class Resize(BaseJob):
    kind = "resize"
    path: str

    def work(self) -> None: ...

    def job_retry_delay(self, attempt: int) -> timedelta:
        return timedelta(seconds=attempt)


@runner.register
@attrs.frozen
class Attrs(BaseJob):
    kind: ClassVar[str] = "attrs"
    size: int = 3

    def work(self) -> None: ...


@runner.register
class Struct(BaseJob, msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "struct"
    size: int

    async def work(self) -> None: ...


@runner.register
class Model(BaseJob, pydantic.BaseModel):
    kind: ClassVar[str] = "model"
    size: int

    def work(self) -> None: ...


@runner.register
class Bare:
    kind: ClassVar[str] = "bare"

    def work(self) -> None: ...


@runner.register
class Explicit(Job):
    kind = "explicit"

    def work(self) -> None: ...


@runner.register
class Polite:
    """Inherits nothing and has a queue and a policy of its own."""

    kind: ClassVar[str] = "polite"
    job_queue: ClassVar[str] = "mail"
    job_max_attempts: ClassVar[int] = 3

    def work(self) -> None: ...

    def job_retry_delay(self, attempt: int) -> timedelta:
        return timedelta(minutes=attempt)


jobs: list[Job] = [Welcome(1), Resize("a"), Attrs(), Struct(1), Model(size=1), Bare(), Explicit(), Polite()]
classes: list[type[Job]] = [Welcome, Resize, Attrs, Struct, Model, Bare, Explicit, Polite]
policy: RetryPolicy = Polite()
namer: QueueNamer = Polite()


def a_decorated_class_is_still_itself() -> None:
    assert_type(Welcome(user_id=1), Welcome)
    assert_type(Struct(size=1).size, int)
    Welcome("seven")  # type: ignore[arg-type]
    Model()  # type: ignore[call-arg]


class Kindless:
    def work(self) -> None: ...


class Idle:
    kind: ClassVar[str] = "idle"


class Numbered:
    kind: ClassVar[int] = 1

    def work(self) -> None: ...


class Demanding:
    kind: ClassVar[str] = "demanding"

    def work(self, more: int) -> None: ...


def what_is_no_job_is_not_enqueued() -> None:
    runner.enqueue(Kindless())  # type: ignore[arg-type]
    runner.enqueue(Idle())  # type: ignore[arg-type]
    runner.enqueue(Numbered())  # type: ignore[arg-type]
    runner.enqueue(Demanding())  # type: ignore[arg-type]
    runner.enqueue(Welcome)  # type: ignore[arg-type]
    runner.register(Kindless)  # type: ignore[type-var]


def enqueuing_answers_with_the_record() -> None:
    assert_type(runner.enqueue(Welcome(1), queue="mail"), Record)
    assert_type(runner.enqueue_in(Resize("a"), timedelta(minutes=1)), Record)
    assert_type(runner.enqueue_at(Bare(), datetime(2030, 1, 1, tzinfo=UTC)), Record)
    runner.enqueue_in(Bare(), 60)  # type: ignore[arg-type]


def a_runner_is_used_as_a_context() -> None:
    with JobRunner(jobs=[Welcome, Resize], unknown_kind="retry") as entered, use_runner(entered):
        assert_type(entered, JobRunner)
        assert_type(current_runner(), JobRunner)
        assert_type(entered.definitions, tuple[Definition, ...])
        assert_type(entered.snapshot(), Snapshot)
        assert_type(entered.drain(timedelta(seconds=1)), bool)
        with closing(entered.run_due(queues=["mail"])) as attempts:
            for attempt in attempts:
                assert_type(entered.decode(attempt.record), Job)
                assert_type(attempt.error, BaseException | None)
    JobRunner(unknown_kind="ignore")  # type: ignore[arg-type]


class ShelfBackend:
    """A backend of a third party: the seven methods and one capability, nothing inherited."""

    contract_version = 1

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        options = url.read_options(size=int)
        assert_type(options, dict[str, int])
        return cls()

    def insert(self, params: InsertParams) -> Record:
        now = datetime.now(UTC)
        return Record(
            id=1,
            kind=params.kind,
            queue=params.queue,
            payload=params.payload,
            state=State.PENDING,
            attempt=0,
            max_attempts=params.max_attempts,
            run_at=params.run_at or now,
            created_at=now,
            updated_at=now,
        )

    def claim(self, params: ClaimParams) -> Record | None:
        assert_type(params.queues, tuple[str, ...])
        return None

    def complete(self, params: CompleteParams) -> None: ...

    def retry(self, params: RetryParams) -> None: ...

    def discard(self, params: DiscardParams) -> None: ...

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        assert_type(options.states, frozenset[State] | None)
        return []

    def stats(self) -> Stats:
        return Stats(total=0, by_state={}, by_kind={}, by_queue={}, by_queue_state={})

    def wait(self, params: WaitParams) -> bool:
        return params.timeout > timedelta(0)


class Forgetful:
    """A backend without `discard`."""

    def insert(self, params: InsertParams) -> Record:
        raise NotImplementedError


shelf: Backend = ShelfBackend()
waiting: SupportsWait = ShelfBackend()
opener: OpensFromURL = ShelfBackend
forgetful: Backend = Forgetful()  # type: ignore[assignment]
extending: SupportsExtend = ShelfBackend()  # type: ignore[assignment]


def a_runner_takes_any_backend() -> None:
    JobRunner(ShelfBackend())
    JobRunner(Forgetful())  # type: ignore[arg-type]


def a_capability_is_found_by_isinstance() -> None:
    backend = open_backend("memory://")
    assert_type(backend, Backend)
    backend.wait(WaitParams())  # type: ignore[attr-defined]
    if isinstance(backend, SupportsWait):
        assert_type(backend.wait(WaitParams()), bool)
        assert_type(backend.insert(InsertParams(kind="note")), Record)
    if isinstance(backend, SupportsFinishAndClaim):
        record = backend.finish_and_claim(CompleteParams(id=1, attempt=1), ClaimParams())
        assert_type(record, Record | None)
    if isinstance(backend, SupportsClose):
        with closing(backend):
            assert_type(backend.list(), Sequence[Record])


def the_three_finishes_are_all_there_are(backend: Backend, finish: FinishParams) -> None:
    match finish:
        case CompleteParams():
            backend.complete(finish)
        case RetryParams():
            backend.retry(finish)
        case DiscardParams():
            backend.discard(finish)
        case _:
            assert_never(finish)
    backend.complete(RetryParams(id=1, attempt=1))  # type: ignore[arg-type]


def values_cannot_be_changed(record: Record, params: InsertParams) -> None:
    assert_type(record.lease_expires_at, datetime | None)
    assert_type(record.state, State)
    record.attempt = 2  # type: ignore[misc]
    params.kind = "other"  # type: ignore[misc]
    InsertParams()  # type: ignore[call-arg]
    ListOptions(limit=None, states=frozenset({State.PENDING}))
