"""Walking a random sequence of calls against the model, and shrinking one that fails."""

import math
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lazyjobs import Backend, SupportsClose
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import goes_on
from lazyjobs_testkit.history import minimize
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._chooser import Chooser
from lazyjobs_testkit.suite._steps import InsertManyStep, InsertStep, ListStep, ReopenStep, Scene, StatsStep, Step

_SEQUENCES = 300
_LEAST_SEQUENCES = 100
_LENGTHS = (10, 30, 60)
_SECONDS = 0.8
_SHRINKING = 5.0
_HANDLES = ("backend", "another")


class Call(Struct, frozen=True):
    """A step as it was taken."""

    step: Step
    request: m.Request
    answer: m.Answer


class Walk(Struct, frozen=True):
    """A sequence of calls on a fresh namespace, up to the first answer that the contract does not allow."""

    calls: Sequence[Call]
    origin: datetime
    fault: m.DisallowedError | None

    @property
    def steps(self) -> Sequence[Step]:
        """What it takes to walk it again."""
        return [call.step for call in self.calls]


Next = Callable[[Scene], Step | None]


def walk_at_random(bench: Bench, extras: Collection[str] = (), *, handles: int = 1) -> None:
    """Walks many sequences of the seven methods and the extras; fails with the shortest that shows a fault.

    The sequences are drawn from the bench's seed alone, and do not depend on how fast the backend is; only their number
    does, when time runs out. They are made here rather than by Hypothesis, whose sequences change with its version, and
    which counts examples where the kit has seconds to spend.
    """
    begin, least = time.monotonic(), int(_LEAST_SEQUENCES * bench.budget)
    for number in range(math.ceil(_SEQUENCES * bench.budget)):
        if number and not goes_on(number, begin, _SECONDS * bench.budget, least=least):
            return
        choices = random.Random(f"{bench.seed} {number}")  # noqa: S311 (to be reproduced, not to be secret)
        walk = _walk(bench, _at_random(choices, extras, handles), handles)
        if walk.fault is not None:
            shrunk = shrink(walk, lambda steps: _walk(bench, _again(steps), handles))
            raise AssertionError(
                f"{shrunk.fault}\n{tell(shrunk)}\nfound in sequence {number} ({len(walk.calls)} calls)"
            )


def _at_random(choices: random.Random, extras: Collection[str], handles: int) -> Next:
    chooser = Chooser(choices, extras, handles)
    length = choices.choice(_LENGTHS)
    steps: Iterator[int] = iter(range(length + 2))

    def choose(scene: Scene) -> Step | None:
        number = next(steps, None)
        if number is None:
            return None
        if number < length:
            return chooser.choose(scene)
        return ListStep() if number == length else StatsStep()

    return choose


def _again(steps: Sequence[Step]) -> Next:
    remaining = iter(steps)
    return lambda _: next(remaining, None)


def _walk(bench: Bench, choose: Next, handles: int) -> Walk:
    with Bench(bench.harness, seed=bench.seed) as fresh:
        return _Walker(fresh, handles).walk(choose)


class _Walker:
    def __init__(self, bench: Bench, handles: int) -> None:
        self._bench = bench
        self._model = m.Model(terms=m.Terms.of(bench.traits))
        self._handles: list[Backend] = [bench.raw(), *(bench.open() for _ in range(handles - 1))]
        self._ids: list[int] = []
        self._calls: list[Call] = []
        self._origin = datetime.now(UTC)

    def walk(self, choose: Next) -> Walk:
        fault: m.DisallowedError | None = None
        try:
            while (step := choose(Scene(self._model, self._ids, self._origin))) is not None:
                self._take(step)
        except m.DisallowedError as error:
            fault = error
        return Walk(self._calls, self._origin, fault)

    def _take(self, step: Step) -> None:
        if isinstance(step, ReopenStep):
            self._reopen(step.handle)
        request = step.request(Scene(self._model, self._ids, self._origin))
        answer = self._ask(step, request)
        if isinstance(step, InsertStep | InsertManyStep):
            self._ids += _ids_of(answer)

    def _ask(self, step: Step, request: m.Request) -> m.Answer:
        """Makes the call until the model allows the answer; once, unless the answer may be behind."""
        patience = time.monotonic() + self._patience(request)
        while True:
            began = datetime.now(UTC)
            answer = m.ask(self._handles[step.handle], request)
            window = m.Window(began, datetime.now(UTC))
            try:
                self._model = self._model.step(request, answer, window, _HANDLES[step.handle])
            except m.DisallowedError:
                if time.monotonic() < patience:
                    time.sleep(0.01)
                    continue
                self._calls.append(Call(step, request, answer))
                raise
            self._calls.append(Call(step, request, answer))
            return answer

    def _patience(self, request: m.Request) -> float:
        reads = isinstance(request, m.ListRecords | m.CountRecords)
        return self._bench.traits.staleness.total_seconds() if reads else 0.0

    def _reopen(self, handle: int) -> None:
        backend = self._handles[handle]
        if isinstance(backend, SupportsClose):
            with suppress(Exception):
                backend.close()
        self._handles[handle] = self._bench.open()


def _ids_of(answer: m.Answer) -> Sequence[int]:
    if isinstance(answer, m.One):
        return [answer.record.id]
    return [record.id for record in answer.records] if isinstance(answer, m.Many) else []


def shrink(walk: Walk, again: Callable[[Sequence[Step]], Walk]) -> Walk:
    """The shortest and plainest sequence found that shows the same sort of fault."""
    best = walk
    deadline = time.monotonic() + _SHRINKING

    def fails(steps: Sequence[Step]) -> bool:
        nonlocal best
        if time.monotonic() > deadline or best.fault is None:
            return False
        found = again(steps)
        if found.fault is None or found.fault.fault is not best.fault.fault:
            return False
        best = found
        return True

    minimize(best.steps, fails)
    while any(fails(fewer) for fewer in _without_one_record(best.steps)):
        pass
    for place, (name, default) in _simplifications(best.steps):
        if place < len(best.steps) and getattr(best.steps[place], name, default) != default:
            fails([*best.steps[:place], replace(best.steps[place], **{name: default}), *best.steps[place + 1 :]])
    return best


def _without_one_record(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """The steps without an insert, and without it and any other step: often the claim that took the record."""
    for place, step in enumerate(steps):
        if isinstance(step, InsertStep):
            fewer = _without_insert(steps, place)
            yield fewer
            yield from ([*fewer[:other], *fewer[other + 1 :]] for other in range(len(fewer)))


def _without_insert(steps: Sequence[Step], place: int) -> Sequence[Step]:
    """The steps without an insert, the others referring to the same records as before."""
    record = sum(isinstance(step, InsertStep) for step in steps[:place])
    return [step.forget(record) for step in (*steps[:place], *steps[place + 1 :])]


def _simplifications(steps: Sequence[Step]) -> list[tuple[int, tuple[str, object]]]:
    """Every field of every step, by the step's place, with the value that it has in the plainest one."""
    return [
        (place, (field.name, field.default))
        for place, step in enumerate(steps)
        for field in msgspec.structs.fields(step)
    ]


def tell(walk: Walk) -> str:
    """The calls as code that can be run, each with its answer; the last is the one that is wrong."""
    names: dict[int, str] = {}
    lines: list[str] = []
    spelling = m.Spelling(walk.origin, names)
    for call in walk.calls:
        prefix = f"{_HANDLES[call.step.handle]}."
        if isinstance(call.answer, m.One) and isinstance(call.request, m.Insert):
            name = f"record{len(names) + 1}"
            code = f"{name} = {prefix}{spelling.request(call.request)}"
            names[call.answer.record.id] = f"{name}.id"
        else:
            code = f"{prefix}{spelling.request(call.request)}"
        if isinstance(call.step, ReopenStep):
            lines.append(f"{prefix}close()  # and opened again")
        lines.append(f"{code}  # {spelling.answer(call.answer)}")
    lines[-1:] = [f"{line}   <<< not allowed" for line in lines[-1:]]
    return "\n".join(f"    {line}" for line in [f"T = datetime.now(UTC)  # it was {m.tell_time(walk.origin)}", *lines])
