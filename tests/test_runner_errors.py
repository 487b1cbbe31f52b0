"""Exceptions that cannot be described: nothing about one keeps an attempt from its outcome, and its class is seen."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from lazyjobs import AttemptEnd, BaseJob, InsertParams, JobRunner, Record, State
from lazyjobs.jobs import reason_of
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, Impatient, action, impatient, read
from tests.support.waiting import GENEROUS

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DISCARDED = pytest.mark.logs_errors("discarded id=")


class ClosedError(Exception):
    """Answers no question about itself, as proxies of remote errors do."""

    def __getattr__(self, name: str) -> object:
        raise KeyError(name)


class ShutError(Exception):
    def __getattribute__(self, name: str) -> object:
        raise SystemExit(name)


class MuteError(Exception):
    def __str__(self) -> str:
        raise SystemExit("mute")


class EndlessError(Exception):
    def __str__(self) -> str:
        return str(self)


class WrongTextError(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class OddText(str):
    __slots__ = ()

    def __len__(self) -> int:
        raise ValueError

    def encode(self, encoding: str = "", errors: str = "") -> bytes:
        raise ValueError

    def __format__(self, _: str) -> str:
        raise ValueError


class OddTextError(Exception):
    def __str__(self) -> str:
        return OddText("odd")


class Hidden(type):
    """Its classes tell neither name nor module."""

    def __getattribute__(cls, name: str) -> object:
        raise RuntimeError(name)

    def __instancecheck__(cls, instance: object) -> bool:
        raise RuntimeError("isinstance")


HiddenError: Any = Hidden("HiddenError", (Exception,), {})


class NamelessError(Exception):
    __module__ = 5  # type: ignore[assignment]


class FalseClassError(Exception):
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("class")


def with_notes(notes: object) -> Exception:
    error = ValueError("noted")
    error.__notes__ = notes  # type: ignore[assignment]
    return error


class BadNote:
    def __str__(self) -> str:
        raise RuntimeError("note")

    __repr__ = __str__


def caused_by(cause: BaseException) -> Exception:
    error = ValueError("caused")
    error.__cause__ = cause
    return error


def in_a_circle() -> Exception:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    first.__context__, second.__context__ = second, second
    return first


def in_a_long_chain() -> Exception:
    error = ValueError("0")
    for number in range(5_000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    return error


def in_deep_groups() -> Exception:
    error: Exception = ValueError("inside")
    for _ in range(3_000):
        error = ExceptionGroup("around", [error])
    return error


class WrongSyntaxError(SyntaxError):
    text = 5  # type: ignore[assignment]
    lineno = "one"  # type: ignore[assignment]
    filename = property(lambda self: 1 / 0)


class Lookalike:
    def __dir__(self) -> list[str]:
        raise KeyboardInterrupt


class SuspectError(AttributeError):
    def __init__(self) -> None:
        super().__init__("no such attribute", name="attribute", obj=Lookalike())


CASES: dict[str, tuple[Callable[[], BaseException], str]] = {
    "__getattr__": (lambda: ClosedError("no"), "ClosedError: no"),
    "__getattribute__": (lambda: ShutError("no"), "ShutError: no"),
    "__str__": (MuteError, "MuteError: (its text cannot be made: SystemExit)"),
    "recursive __str__": (EndlessError, "EndlessError: (its text cannot be made: RecursionError)"),
    "__str__ gives no text": (WrongTextError, "WrongTextError: (its text cannot be made: TypeError)"),
    "__str__ gives an odd text": (OddTextError, "OddTextError: odd"),
    "metaclass": (lambda: HiddenError("no"), "HiddenError: no"),
    "module": (lambda: NamelessError("no"), "NamelessError: no"),
    "__class__": (lambda: FalseClassError("no"), "FalseClassError: no"),
    "notes are no list": (lambda: with_notes(5), "ValueError: noted"),
    "notes are no texts": (lambda: with_notes([5, BadNote()]), "ValueError: noted\n5\n(its text cannot"),
    "many notes": (lambda: with_notes(["x" * 1_000] * 100_000), "ValueError: noted\nxxx"),
    "closed cause": (lambda: caused_by(ClosedError("inner")), "ValueError: caused"),
    "mute cause": (lambda: caused_by(MuteError()), "ValueError: caused"),
    "circle": (in_a_circle, "ValueError: first"),
    "long chain": (in_a_long_chain, "ValueError: 4999"),
    "closed in a group": (lambda: ExceptionGroup("all", [ClosedError("no"), MuteError()]), "ExceptionGroup: all (2 "),
    "deep groups": (in_deep_groups, "ExceptionGroup: around (1 sub-exception)"),
    "syntax": (lambda: WrongSyntaxError("wrong"), "WrongSyntaxError: "),
    "suggestions": (SuspectError, "SuspectError: no such attribute"),
    "huge": (lambda: ValueError("x" * 2**26), "ValueError: xxx"),
    "surrogates": (lambda: ValueError("\ud800\0"), "ValueError: ?\0"),
    "generator exit": (GeneratorExit, "GeneratorExit"),
    "stop iteration": (lambda: StopIteration(5), "StopIteration: 5"),
}  # fmt: skip


@dataclass
class Raise(BaseJob):
    kind: ClassVar[str] = "raise"
    case: str

    def work(self) -> None:
        make, _ = CASES[self.case]
        raise make()


@dataclass
class RaiseAsync(Raise):
    kind: ClassVar[str] = "raise.async"

    async def work(self) -> None:  # type: ignore[override]
        make, _ = CASES[self.case]
        raise make()


class Nosy:
    """An observer that looks closely at what went wrong."""

    def started(self, runner: JobRunner) -> None: ...
    def enqueuing(self, params: InsertParams) -> None: ...
    def attempting(self, record: Record) -> "Nosy":
        return self

    def begin(self) -> None: ...
    def ended(self, end: AttemptEnd) -> None:
        if end.error is not None:
            str(end.error)
            end.error.__notes__  # noqa: B018


def by_drain(runner: JobRunner) -> None:
    assert runner.drain(GENEROUS)


def by_run_due(runner: JobRunner) -> None:
    with closing(runner.run_due()) as attempts:
        for _ in attempts:
            pass


@pytest.fixture
def written() -> Iterator[list[str]]:
    """What a handler that writes everything has written, as standard error would get it."""
    lines: list[str] = []

    class Written(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, library = Written(), logging.getLogger("lazyjobs.jobs")
    library.addHandler(handler)
    library.propagate = False  # pytest's own handlers would keep texts that no report can hold
    yield lines
    library.propagate = True
    library.removeHandler(handler)


@pytest.mark.logs_errors("an observer failed")
@pytest.mark.parametrize("run", [by_drain, by_run_due])
@pytest.mark.parametrize("job", [Raise, RaiseAsync])
@pytest.mark.parametrize("case", CASES)
def test_whatever_is_raised_the_record_has_its_outcome_and_the_class_is_seen(
    case: str, job: type[Raise], run: Callable[[JobRunner], None], written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if job is RaiseAsync and case == "stop iteration":
        pytest.skip("Python itself makes a RuntimeError of a StopIteration that leaves a coroutine")
    runner = JobRunner(MemoryBackend(clock=lambda: NOW), jobs=[Raise, RaiseAsync], observers=[Nosy()])
    monkeypatch.setattr(logging.getLogger("lazyjobs"), "propagate", False)
    failing, after = runner.enqueue(job(case)), runner.enqueue(job("circle"))
    run(runner)
    failed = read(runner, failing)
    assert failed.state is State.RETRYING
    assert failed.run_at == NOW + timedelta(seconds=1)
    assert CASES[case][1] in failed.last_error
    assert len(failed.last_error) <= 20_000
    assert read(runner, after).attempt == 1
    name = CASES[case][1].split(":")[0]
    assert len(written) == 2
    assert name in written[0].split("\n")[0]
    assert [line for line in written[0].split("\n")[1:] if name in line]
    assert "in work" in written[0]
    assert len(written[0]) < 250_000


@dataclass
class Unreadable(BaseJob):
    kind: ClassVar[str] = "unreadable"
    case: str

    def __post_init__(self) -> None:
        raise CASES[self.case][0]()  # noqa: RSE102

    def work(self) -> None: ...


@DISCARDED
@pytest.mark.parametrize("case", [case for case in CASES if case != "surrogates"])
def test_whatever_is_raised_while_the_payload_is_read_the_record_is_discarded(case: str) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Unreadable])
    record = runner.backend.insert(InsertParams(kind="unreadable", payload=b'{"case": "%s"}' % case.encode()))
    assert runner.drain(GENEROUS)
    failed = read(runner, record)
    name = CASES[case][1].split(":")[0]
    assert failed.state is State.DISCARDED
    assert name in failed.last_error or name == "ValueError"


def test_a_cut_text_says_how_long_it_was() -> None:
    reason = reason_of(ValueError("x" * 100_000))
    assert len(reason) == 20_000
    assert reason.endswith("x … (100012 characters)")


@pytest.mark.parametrize(
    "make", [lambda: SystemExit(3), lambda: MuteError(), lambda: ClosedError("no"), lambda: ShutError("no")]
)
def test_a_class_that_cannot_be_looked_for_is_no_reason_to_keep_the_record(make: Callable[[], BaseException]) -> None:
    def find(kind: str) -> None:
        raise make()

    runner = JobRunner(MemoryBackend(), queues=["default"], find_job=find)
    record = runner.backend.insert(InsertParams(kind="nobody"))
    assert runner.drain(GENEROUS)
    assert read(runner, record).state is State.RETRYING
    assert type(make()).__name__ in read(runner, record).last_error


class Policy(BaseJob):
    """Fails, and answers nonsense when asked for how long to wait."""

    kind = "policy"
    answer: ClassVar[Callable[[], object]]

    def work(self) -> None:
        raise ValueError("the true error")

    def job_retry_delay(self, attempt: int) -> timedelta:
        return Policy.answer()  # type: ignore[return-value]


class OddDelta(timedelta):
    def __gt__(self, other: object) -> bool:
        raise RuntimeError

    __lt__ = __ge__ = __le__ = __gt__

    def __radd__(self, other: object) -> object:  # type: ignore[override]
        raise RuntimeError

    __add__ = __radd__  # type: ignore[assignment]


def leave() -> object:
    raise SystemExit(1)


def interrupt() -> object:
    raise KeyboardInterrupt


def close() -> object:
    raise ClosedError("policy")


async def delay_later() -> timedelta:
    return timedelta(0)


@pytest.mark.logs_errors("the retry policy of policy failed; using the usual delay for id=1")
@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (lambda: None, 1),
        (lambda: 5, 1),
        (lambda: float("nan"), 1),
        (lambda: timedelta(seconds=float("nan")), 1),
        (lambda: timedelta.max, 1),
        (lambda: timedelta.min, 0),
        (lambda: OddDelta(seconds=7), 7),
        (lambda: "soon", 1),
        (lambda: Policy, 1),
        (delay_later, 1),
        (leave, 1),
        (interrupt, 1),
        (close, 1),
    ],
)
def test_whatever_a_retry_policy_answers_the_job_is_tried_again(answer: Callable[[], object], seconds: int) -> None:
    Policy.answer = answer
    runner = JobRunner(MemoryBackend(clock=lambda: NOW), jobs=[Policy])
    record = runner.enqueue(Policy())
    with closing(runner.run_due()) as attempts:
        next(attempts)
    failed = read(runner, record)
    assert (failed.state, failed.last_error) == (State.RETRYING, "ValueError: the true error")
    assert failed.run_at == NOW + timedelta(seconds=seconds)


@pytest.mark.logs_errors("the clock failed")
@pytest.mark.parametrize("clock", [lambda: datetime(2030, 1, 1), lambda: 5, leave, close])  # noqa: DTZ001
def test_a_clock_that_fails_keeps_no_record(clock: Callable[[], datetime]) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Policy], clock=clock)
    Policy.answer = lambda: timedelta(0)
    record = runner.enqueue(Policy())
    with closing(runner.run_due()) as attempts:
        next(attempts)
    assert read(runner, record).state is State.RETRYING


@pytest.mark.logs_errors("an observer failed")
@pytest.mark.parametrize("make", [lambda: SystemExit(1), lambda: MuteError(), lambda: GeneratorExit()])
def test_an_observer_that_raises_more_than_exceptions_harms_no_job(make: Callable[[], BaseException]) -> None:
    class Exiting(Nosy):
        def attempting(self, record: Record) -> Nosy:
            raise make()

    class ExitingLater(Nosy):
        def begin(self) -> None:
            raise make()

        def ended(self, end: AttemptEnd) -> None:
            raise make()

    runner = JobRunner(MemoryBackend(), jobs=[Do], observers=[Exiting(), ExitingLater()])
    for _ in range(3):
        runner.enqueue(action(lambda: None))
    assert runner.drain(GENEROUS)
    assert runner.backend.stats().by_state == {State.SUCCEEDED: 3}


@pytest.mark.parametrize("error", [RuntimeError("disk full"), SystemExit(1), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["lazyjobs", "lazyjobs.jobs"])
@DISCARDED
def test_a_log_handler_that_raises_costs_neither_a_worker_nor_the_claim_that_follows(
    name: str, error: BaseException
) -> None:
    class BrokenHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise error

    def fail() -> None:
        raise ValueError("no")

    handler, library = BrokenHandler(), logging.getLogger(name)
    library.addHandler(handler)
    try:
        runner = JobRunner(MemoryBackend(), jobs=[Do, Impatient])
        for _ in range(3):
            runner.enqueue(impatient(fail))
            runner.backend.insert(InsertParams(kind="unknown"))
        assert runner.drain(GENEROUS)
    finally:
        library.removeHandler(handler)
    assert runner.backend.stats().by_state == {State.DISCARDED: 3, State.RETRYING: 3}
