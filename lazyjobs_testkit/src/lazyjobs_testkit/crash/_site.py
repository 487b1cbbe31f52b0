"""One namespace, the processes that died in it, and what must be there."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

from msgspec import Struct

from lazyjobs import ClaimParams, CompleteParams, ListOptions, Record, State
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash._processes import KILLED, ChildProcess, fork_server
from lazyjobs_testkit.crash._targets import LEASE, Stage, Target
from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.history import History, Operation, Violation, check

Asking = Callable[[m.Request], m.Answer]
Killing = Callable[[ChildProcess, m.Request], Operation]

FINISHED = (State.SUCCEEDED, State.DISCARDED)


class Verdict(Struct, frozen=True, kw_only=True):
    """What the calls made around a kill amount to."""

    operations: Sequence[Operation]
    violations: Sequence[Violation]
    """What the contract does not allow of their answers."""


class Site:
    """A namespace in which processes are killed, and which is reopened after each.

    The reopening is done by a process too, which can hang without taking the kit along. Nothing else is open while a
    victim prepares its end, so that a backend that serves one process at a time can be tried as well.
    """

    def __init__(self, harness: Harness, namespace: str) -> None:
        self.namespace = namespace
        self.terms = m.Terms(**{name: getattr(harness.traits, name) for name in m.Terms.__struct_fields__})
        self._server = fork_server(type(harness))
        self._staleness = harness.traits.staleness.total_seconds()
        self._witness: ChildProcess | None = None
        self._operations: list[Operation] = []
        self._records: dict[int, Record] = {}
        self._forks = 0
        self.steps = 0
        """How many steps the last call had, if it was killed after its answer."""
        self.duration = 0.0
        """How many seconds it took."""
        self._now = datetime.now(UTC).replace(microsecond=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._witness is not None:
            self._witness.kill()

    @property
    def records(self) -> Sequence[Record]:
        """All records, as they were seen last."""
        return list(self._records.values())

    def fork(self) -> ChildProcess:
        """A new process, with nothing open."""
        self._forks += 1
        return self._server.fork(f"process {self._forks}")

    def note(self, operation: Operation) -> m.Answer:
        """Remembers a call, to be judged; its answer."""
        self._operations.append(operation)
        return operation.answer

    def crash(self, target: Target, kill: Killing) -> None:
        """Prepares a call in a new process and kills it there."""
        with self.fork() as child:
            child.open(self.namespace)
            request = target.prepare(self._stage(child))
            operation = kill(child, request)
            self.note(operation)
            self.steps = child.steps
            self.duration = (operation.returned - operation.called) / 1e9

    def _stage(self, child: ChildProcess) -> Stage:
        def ask(request: m.Request) -> m.Answer:
            return self.note(child.ask(request))

        return Stage(ask=ask, queue=f"queue{self._forks}", now=self._now, empty_answers=self.terms.wrong_empties)

    @contextmanager
    def reopened(self) -> Iterator[Asking]:
        """The namespace, opened anew by a process that was not killed; its calls are remembered too."""
        if self._witness is None:
            self._witness = self._server.fork("reopened")
        witness = self._witness
        witness.open(self.namespace)
        yield lambda request: self.note(witness.ask(request))
        witness.close()

    def survey(self, ask: Asking, *, errors_allowed: bool = False) -> Verdict:
        """Lists every record, once list may no longer be behind, and judges all calls since the last survey.

        A call that raised is a violation too, unless errors were to be expected.
        """
        time.sleep(self._staleness)
        answer = ask(m.ListRecords(ListOptions(limit=None)))
        operations, self._operations = tuple(self._operations), []
        initial = tuple(_entry_of(record) for record in self.records)
        violations = check(History(operations=operations, initial=initial, terms=self.terms)).violations
        if isinstance(answer, m.Many):
            self._records = {record.id: record for record in answer.records}
        if not errors_allowed:
            violations = (*_errors(operations), *violations)
        return Verdict(operations=operations, violations=violations)

    def recover(self, ask: Asking) -> Sequence[Record]:
        """Claims whatever is unfinished as of when the last lease ends, and completes it; what no claim handed out."""
        left = {record.id: record for record in self.records if record.state not in FINISHED}
        if not left:
            return []
        now = max(record.lease_expires_at or record.run_at for record in left.values())
        claim = m.Claim(ClaimParams(queues=tuple({record.queue for record in left.values()}), now=now, lease=LEASE))
        empties = 0
        while left and empties <= self.terms.wrong_empties:
            answer = ask(claim)
            if isinstance(answer, m.One):
                record = answer.record
                ask(m.Complete(CompleteParams(id=record.id, attempt=record.attempt)))
                left.pop(record.id, None)
            empties = 0 if isinstance(answer, m.One) else empties + 1
        return list(left.values())


def _errors(operations: Sequence[Operation]) -> Iterator[Violation]:
    for index, operation in enumerate(operations):
        if isinstance(operation.answer, m.Unknown) and operation.answer != KILLED:
            reason = f"{operation.request.method} raised {operation.answer.error}"
            yield Violation(m.Fault.UNEXPECTED, reason, (index,), ())


def _entry_of(record: Record) -> m.Entry:
    """The record, as one of which everything is known."""
    lease = record.lease_expires_at
    return m.Entry(
        id=record.id,
        kind=record.kind,
        queue=record.queue,
        payload=record.payload,
        max_attempts=record.max_attempts,
        state=record.state,
        attempt=record.attempt,
        created_at=m.Span.at(record.created_at),
        run_at=m.Span.at(record.run_at),
        updated_at=m.Span.at(record.updated_at),
        lease=None if lease is None else m.Span.at(lease),
        last_error=record.last_error,
    )
