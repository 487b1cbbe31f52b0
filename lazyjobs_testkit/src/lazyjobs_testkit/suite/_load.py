"""Putting a backend under load: callers, plays, and the judgement on what they recorded."""

import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from lazyjobs import Backend, ClaimParams, InsertParams, ListOptions, Record, SupportsClose
from lazyjobs_testkit import model as m
from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.history import (
    Crew,
    History,
    Operation,
    Recorder,
    Script,
    Violation,
    check,
    inserted,
    play_in_threads,
    project,
    save,
    show,
    shrink,
)
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import PAST, SECOND

THREADS = 3
PROCESSES = 2
LATER = PAST + timedelta(days=1)
"""A now at which every lease given at PAST has ended."""

_SECONDS = 0.3
_PREPARATION = 0.25
_INTERRUPTED = 0.02

Play = Callable[[Sequence[Script], int, float], list[Operation]]
"""Lets callers play a script each, with that seed and likelihood of interruptions; the calls they made."""


def _anywhere(operation: Operation) -> bool:  # noqa: ARG001 (all are alike)
    return True


class Stage:
    """A namespace under load: who prepares it, who plays on it."""

    def __init__(self, bench: Bench, callers: int, play: Play) -> None:
        self.bench = bench
        self.callers = callers
        self.prompter = Recorder(bench.raw(), caller="main", handle="backend")
        """Prepares plays, and looks at what is left of them."""
        self._play = play
        self._played: list[Operation] = []
        self._scenes = 0
        self._begun = 0

    def scenes(self, most: int = 4) -> Iterator[int]:
        """Numbers plays until the time is over: two at least, one of them not interrupted; one on a small budget."""
        least = 2 if self.bench.budget >= 1 else 1
        deadline = time.monotonic() + _SECONDS * self.bench.budget
        while self._scenes < least or (self._scenes < most * self.bench.budget and time.monotonic() < deadline):
            self._scenes += 1
            self._begun = time.monotonic_ns()
            yield self._scenes

    def play(self, scripts: Sequence[Script]) -> None:
        """Lets every caller play its script; every other play is full of interruptions."""
        seed = self.bench.random.randrange(2**32)
        self._played += self._play(scripts, seed, _INTERRUPTED if self._scenes % 2 else 0.0)

    def insert(self, queues: Sequence[str]) -> list[Record]:
        """A record on each of these queues, all long due at once: fewer when it takes long, but two."""
        records: list[Record] = []
        deadline = time.monotonic() + _PREPARATION * self.bench.budget
        for number, queue in enumerate(queues):
            if number >= 2 and time.monotonic() > deadline:
                break
            params = InsertParams(kind=KIND, queue=queue, run_at=PAST)
            records += records_of(self.prompter.ask(m.Insert(params)))
        return records

    def claim(self, records: Sequence[Record], lease: timedelta = SECOND) -> list[Record]:
        """The records claimed by the prompter, each from a queue of its own, with leases that end soon after PAST."""
        claimed: list[Record] = []
        for record in records:
            params = ClaimParams(queues=(record.queue,), now=PAST, lease=lease)
            for _ in range(1 + self.bench.traits.empty_answers):
                if found := records_of(self.prompter.ask(m.Claim(params))):
                    claimed += found
                    break
        if not claimed:
            self.bench.blocked(f"no record could be claimed to begin with; {_first_error(self.prompter.operations())}")
        return claimed

    def look(self) -> None:
        """Lists and counts everything, now that nothing else happens."""
        time.sleep(self.bench.traits.staleness.total_seconds())
        self.prompter.ask(m.ListRecords(ListOptions(limit=None)))
        self.prompter.ask(m.CountRecords())

    def history(self) -> History:
        """Everything that was done so far."""
        operations = (*self.prompter.operations(), *self._played)
        return History(operations=operations, terms=m.Terms.of(self.bench.traits))

    def judge_scene(self, faults: Collection[m.Fault]) -> None:
        """Fails if the calls of the last scene show one of these faults in the records that it inserted."""
        history = self.history()
        scene = [operation for operation in history.operations if operation.called >= self._begun]
        ids = {record.id for operation in scene for record in inserted(operation)}
        empty = [place for place, operation in enumerate(scene) if _found_nothing(operation)]
        self._judge(project(replace(history, operations=tuple(scene)), ids, empty), faults, _anywhere)

    def judge(self, faults: Collection[m.Fault], where: Callable[[Operation], bool] = _anywhere) -> None:
        """Fails if the calls so far show one of these faults, in an answer to a call for which `where` holds."""
        self._judge(self.history(), faults, where)

    def _judge(self, history: History, faults: Collection[m.Fault], where: Callable[[Operation], bool]) -> None:
        if not any(_answered(operation) for operation in self._played):
            self.bench.blocked(f"not one call under load was answered; {_first_error(self._played)}")
        for violation in check(history).of(faults):
            if where(history.operations[violation.operations[-1]]):
                raise AssertionError(self._describe(history, violation))

    def _describe(self, history: History, violation: Violation) -> str:
        calls = len(history.operations)
        history, violation = shrink(history, violation)
        path = self._save(history)
        return (
            f"{violation}\n"
            f"seen in {calls} calls by {self.callers} callers; what it takes is this:\n"
            f"{show(history, violation)}\n"
            f"saved: lazyjobs-conformance replay {path}"
        )

    def _save(self, history: History) -> Path:
        name = self.bench.harness.name if self.bench.harness.name.isidentifier() else "history"
        with tempfile.NamedTemporaryFile(prefix=f"lazyjobs-{name}-", suffix=".json", delete=False) as file:
            path = Path(file.name)
        save(
            _concealed(history, self.bench.harness),
            path,
            {"backend": self.bench.harness.name, "seed": str(self.bench.seed)},
        )
        return path


def _concealed(history: History, harness: Harness) -> History:
    """The history without what no file may tell, which an error's text may hold."""
    operations = tuple(
        replace(each, answer=m.Unknown(harness.conceal(each.answer.error)))
        if isinstance(each.answer, m.Unknown)
        else each
        for each in history.operations
    )
    return replace(history, operations=operations)


@contextmanager
def threads(bench: Bench, *, own_handles: bool = False) -> Iterator[Stage]:
    """A stage for threads, on one handle, or on one each where there can be more than one."""
    with ExitStack() as exits:
        handles = [("backend", bench.raw())]
        for number in range(2, THREADS + 1):
            own = exits.enter_context(_another_handle(bench)) if own_handles else bench.raw()
            handles.append((f"backend{number}" if own_handles else "backend", own))

        def play(scripts: Sequence[Script], seed: int, interrupted: float) -> list[Operation]:
            seconds = _SECONDS * bench.budget
            return play_in_threads(handles, scripts, seconds, seed=seed, interrupted=interrupted)

        yield Stage(bench, THREADS, play)


@contextmanager
def processes(bench: Bench) -> Iterator[Stage]:
    """A stage for processes, each with a handle of its own."""
    with Crew(type(bench.harness), bench.namespace, PROCESSES) as crew:

        def play(scripts: Sequence[Script], seed: int, interrupted: float) -> list[Operation]:
            return crew.play(scripts, _SECONDS * bench.budget, seed=seed, interrupted=interrupted)

        yield Stage(bench, PROCESSES, play)


@contextmanager
def _another_handle(bench: Bench) -> Iterator[Backend]:
    if bench.traits.single_instance:
        bench.not_applicable("single_instance is declared")
    backend = bench.harness.open(bench.namespace)
    try:
        yield backend
    finally:
        if isinstance(backend, SupportsClose):
            with suppress(Exception):
                backend.close()


def records_of(answer: m.Answer) -> Sequence[Record]:
    """The records in an answer."""
    if isinstance(answer, m.One):
        return (answer.record,)
    return answer.records if isinstance(answer, m.Many) else ()


def _found_nothing(operation: Operation) -> bool:
    return isinstance(operation.request, m.Claim) and isinstance(operation.answer, m.Nothing)


def _answered(operation: Operation) -> bool:
    return not isinstance(operation.answer, m.Unknown)


def _first_error(operations: Sequence[Operation]) -> str:
    errors = [operation.answer.error for operation in operations if isinstance(operation.answer, m.Unknown)]
    return f"the first error was {errors[0]}" if errors else "no call raised an error"
