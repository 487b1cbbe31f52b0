"""The calls made on one namespace, judged whenever everything in it is looked at."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from lazyjobs import Backend, ClaimParams, CompleteParams, ListOptions, Record, State
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash._targets import LEASE, Prelude
from lazyjobs_testkit.harness import Traits
from lazyjobs_testkit.history import History, Operation, Recorder, Violation, check
from lazyjobs_testkit.history._operation import claimed, inserted

Asking = Callable[[m.Request], m.Answer]

KILLED = m.Unknown("killed before it answered")
FINISHED = (State.SUCCEEDED, State.DISCARDED)


def perform(backend: Backend, request: m.Request, *, caller: str, handle: str) -> Operation:
    """Makes one call, with its times and what came of it."""
    recorder = Recorder(backend, caller=caller, handle=handle)
    recorder.ask(request)
    return recorder.operations()[0]


class Survey(Struct, frozen=True, kw_only=True):
    """What was found by looking at every record, and at the calls that led there."""

    history: History
    violations: Sequence[Violation]
    """What the contract does not allow."""


class Log:
    """Remembers calls, and judges them by what is there afterwards. A call that never answered may have happened."""

    def __init__(self, traits: Traits) -> None:
        self.terms = m.Terms.of(traits)
        self._operations: list[Operation] = []
        self._records: dict[int, Record] = {}
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._preludes = 0

    @property
    def operations(self) -> Sequence[Operation]:
        """All calls since the last survey."""
        return list(self._operations)

    @property
    def records(self) -> Sequence[Record]:
        """All records, as they were seen last."""
        return list(self._records.values())

    def note(self, operation: Operation) -> m.Answer:
        """Remembers a call; its answer."""
        self._operations.append(operation)
        return operation.answer

    def begin_with(self, records: Sequence[Record]) -> None:
        """These records are there before the first call."""
        self._records = {record.id: record for record in records}

    def prelude(self, ask: Asking) -> Prelude:
        """What prepares one call, on a queue that no other uses."""
        self._preludes += 1
        return Prelude(ask=ask, queue=f"queue{self._preludes}", now=self._now, empty_answers=self.terms.wrong_empties)

    def survey(self, ask: Asking, *, errors_allowed: bool = False) -> Survey:
        """Lists every record, once list may no longer be behind, and judges all calls since the last survey.

        A call that raised is a violation too, unless errors were to be expected. Where list raises, the calls stay to
        be judged by the next survey.
        """
        time.sleep(self.terms.staleness.total_seconds())
        answer = ask(m.ListRecords(ListOptions(limit=None)))
        operations = tuple(self._operations)
        initial = tuple(m.Entry.of(record) for record in self.records)
        history = History(operations=operations, initial=initial, terms=self.terms)
        violations = check(history).violations
        if isinstance(answer, m.Many):
            self._operations, self._records = [], {record.id: record for record in answer.records}
            violations = (*violations, *_disturbed(history, self._records))
        if not errors_allowed:
            violations = (*_errors(operations), *violations)
        return Survey(history=history, violations=violations)

    def recover(self, ask: Asking) -> Sequence[Record]:
        """Claims whatever is unfinished as of when the last lease ends, and completes it; what no claim handed out."""
        left = {record.id: record for record in self.records if record.state not in FINISHED}
        if not left:
            return []
        now = max(record.lease_expires_at or record.run_at for record in left.values())
        claim = m.Claim(ClaimParams(queues=tuple({record.queue for record in left.values()}), now=now, lease=LEASE))
        for _ in range((len(left) + 1) * (self.terms.wrong_empties + 1)):
            answer = ask(claim)
            if isinstance(answer, m.One):
                ask(m.Complete(CompleteParams(id=answer.record.id, attempt=answer.record.attempt)))
                left.pop(answer.record.id, None)
            if not left:
                break
        return list(left.values())


def _errors(operations: Sequence[Operation]) -> Iterator[Violation]:
    for index, operation in enumerate(operations):
        if isinstance(operation.answer, m.Unknown) and operation.answer != KILLED:
            reason = f"{operation.request.method} raised {operation.answer.error}"
            yield Violation(m.Fault.UNEXPECTED, reason, (index,), ())


def _disturbed(history: History, found: Mapping[int, Record]) -> Iterator[Violation]:
    """What became of records that no call concerned: they are to be as they were before."""
    concerned = {id for operation in history.operations for id in _concerned(operation)}
    doubtful = {queue for operation in history.operations for queue in _doubtful_queues(operation)}
    for entry in history.initial:
        left_alone = entry.id not in concerned and (entry.finished or entry.queue not in doubtful)
        try:
            if left_alone:
                _check_undisturbed(entry, found.get(entry.id), history.terms)
        except m.DisallowedError as error:
            reason = f"{error.reason}, and no call concerned it since"
            yield Violation(error.fault, reason, (len(history.operations) - 1,), (entry.id,))


def _check_undisturbed(entry: m.Entry, record: Record | None, terms: m.Terms) -> None:
    if record is not None:
        entry.seen(record)
    elif terms.retention is None or not entry.finished:
        raise m.DisallowedError(m.Fault.LOST, f"list does not show record {entry.id}, which was {entry}")


def _concerned(operation: Operation) -> Iterator[int]:
    """The ids of the records that a call changed, or may have changed by name."""
    match operation.request:
        case m.Complete(params) | m.Retry(params) | m.Discard(params) | m.Extend(params):
            yield params.id
        case m.FinishAndClaim(finish, _):
            yield finish.params.id
    for record in (*inserted(operation), *claimed(operation)):
        yield record.id


def _doubtful_queues(operation: Operation) -> Sequence[str]:
    """The queues of which a call that never answered may have claimed any record."""
    if isinstance(operation.answer, m.Unknown):
        match operation.request:
            case m.Claim(params) | m.ClaimMany(params, _) | m.FinishAndClaim(_, params):
                return params.queues
    return ()
