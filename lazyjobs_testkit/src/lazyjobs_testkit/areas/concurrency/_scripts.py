"""What threads and processes are told to do at once, and how it is judged."""

from collections.abc import Callable, Iterator, Sequence

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history import Churn, Drain, Operation, Rounds, Script
from lazyjobs_testkit.model import Fault
from lazyjobs_testkit.suite._bench import KIND
from lazyjobs_testkit.suite._load import LATER, Stage
from lazyjobs_testkit.suite._support import PAST, SECOND

ROUNDS = 100
INSERTS = 60
CHURNED = 100
WRITES = 40
LOOKS = 8
FENCED = (Fault.OVERWRITTEN, Fault.REVIVED, Fault.REFUSED, Fault.ALTERED)
KEPT = (Fault.LOST, Fault.INVENTED, Fault.ALTERED, Fault.MISCOUNTED)


def contend_for_claims(stage: Stage) -> None:
    """All claim from one queue, then one record after the other at the same instant, then again when leases ended."""
    for scene in stage.scenes():
        queue = f"drained-{scene}"
        stage.insert([queue] * ROUNDS)
        stage.play([Drain((queue,), patience=1 + stage.bench.traits.empty_answers)] * stage.callers)
        stage.judge_scene([Fault.DUPLICATED])
        race_for_claims(stage)
        stage.judge_scene([Fault.DUPLICATED])


def race_for_claims(stage: Stage) -> None:
    """In each round all claim the same record, half of them after another claim's lease has ended."""
    mark = stage.bench.random.randrange(2**32)
    records = stage.insert([f"raced-{mark}-{number}" for number in range(ROUNDS)])
    stage.claim(records[::2])
    claims = [m.Claim(ClaimParams(queues=(record.queue,), now=LATER)) for record in records]
    stage.play([in_rounds(claims)] * stage.callers)


def race(
    stage: Stage,
    duel: Callable[[Stage, Record], Sequence[m.Request]],
    faults: Sequence[Fault] = FENCED,
) -> None:
    """In each round one claim, whose lease has ended, is what all callers are about; each does something else."""
    for scene in stage.scenes():
        held = stage.claim(stage.insert([f"duel-{scene}-{number}" for number in range(ROUNDS)]))
        parts = list(
            zip(*(stage.bench.random.sample(duel(stage, record), stage.callers) for record in held), strict=True)
        )
        stage.play([in_rounds(part) for part in parts])
        stage.look()
        stage.judge_scene(faults)


def finish_and_claim_again(stage: Stage, record: Record) -> Sequence[m.Request]:
    """One claims the record anew, another finishes it, and whoever else there is finishes it in another way."""
    return [claim_again(record), *finishes(stage, record)[: stage.callers - 1]]


def finishes(stage: Stage, record: Record) -> Sequence[m.Request]:
    """The three ways to finish, in any order."""
    id, attempt = record.id, record.attempt
    every: list[m.Request] = [
        m.Complete(token(record)),
        m.Retry(RetryParams(id=id, attempt=attempt, run_at=PAST, last_error="failed")),
        m.Discard(DiscardParams(id=id, attempt=attempt, last_error="gave up")),
    ]
    return stage.bench.random.sample(every, len(every))


def extend_and_claim_again(stage: Stage, record: Record) -> Sequence[m.Request]:
    """One extends the lease, the others claim the record anew."""
    extend = m.Extend(ExtendParams(id=record.id, attempt=record.attempt, now=LATER, lease=SECOND))
    return [extend, *[claim_again(record)] * (stage.callers - 1)]


def insert_at_once(stage: Stage) -> None:
    """All insert two records in each round, then as many as they can."""
    insert = m.Insert(InsertParams(kind=KIND, run_at=PAST))
    for _ in stage.scenes():
        stage.play([Rounds(((insert, insert),) * INSERTS + ((insert,) * INSERTS,))] * stage.callers)
    stage.judge([Fault.REUSED_ID])


def write_at_once(stage: Stage) -> None:
    """In each round each inserts and finishes records of its own; then come all writes at random."""
    for scene in stage.scenes():
        held = stage.claim(stage.insert([f"own-{scene}-{number}" for number in range(WRITES * stage.callers)]))
        stage.play([turns(stage, held[caller :: stage.callers], write) for caller in range(stage.callers)])
        churn(stage)
    stage.look()
    stage.judge(KEPT)


def look_at_once(stage: Stage) -> None:
    """In each round each inserts a record and finishes another of its own, and looks after both."""
    for scene in stage.scenes(most=1):
        held = stage.claim(stage.insert([f"own-{scene}-{number}" for number in range(LOOKS * stage.callers)]))
        stage.play([turns(stage, held[caller :: stage.callers], look) for caller in range(stage.callers)])
    stage.judge(KEPT, where=is_look)


def turns(
    stage: Stage, held: Sequence[Record], turn: Callable[[m.Request, m.Request], tuple[m.Request, ...]]
) -> Script:
    """A round for each record held, in which it is finished somehow and another is inserted."""
    insert = m.Insert(InsertParams(kind=KIND, queue="beside", run_at=PAST))
    return Rounds(tuple(turn(insert, finishes(stage, record)[0]) for record in held))


def write(insert: m.Request, finish: m.Request) -> tuple[m.Request, ...]:
    return insert, finish, insert


def look(insert: m.Request, finish: m.Request) -> tuple[m.Request, ...]:
    everything = m.ListRecords(ListOptions(limit=None))
    count = m.CountRecords()
    return insert, everything, count, finish, everything, count, count


def churn(stage: Stage) -> None:
    """All insert, claim and finish at random."""
    seeds = [stage.bench.random.randrange(2**32) for _ in range(stage.callers)]
    stage.play([Churn(seed, ("load-a", "load-b"), CHURNED, PAST) for seed in seeds])


def drain(stage: Stage, faults: Sequence[Fault]) -> None:
    """All claim and complete what is on two queues, inserted in no particular order."""
    patience = 2 * (1 + stage.bench.traits.empty_answers)
    for scene in stage.scenes():
        queues = (f"left-{scene}", f"right-{scene}")
        stage.insert(stage.bench.random.choices(queues, k=2 * ROUNDS))
        stage.play([Drain(queues, patience=patience, complete=True)] * stage.callers)
        stage.judge_scene(faults)


def contend_in_every_way(stage: Stage) -> None:
    """Claims of the same record, writes and looks, all at once; fails if any of them ends with an error."""
    for scene in stage.scenes(most=2):
        race_for_claims(stage)
        churn(stage)
        held = stage.claim(stage.insert([f"own-{scene}-{number}" for number in range(LOOKS * stage.callers)]))
        stage.play([turns(stage, held[caller :: stage.callers], look) for caller in range(stage.callers)])
        assert_no_errors(stage)


def is_look(operation: Operation) -> bool:
    """Whether a call was list or stats."""
    return isinstance(operation.request, m.ListRecords | m.CountRecords)


def assert_no_errors(stage: Stage) -> None:
    """Fails if any call so far ended with an error that the contract does not know."""
    operations = stage.history().operations
    failed = list(failures(operations))
    if failed:
        shown = "\n".join(failed[:5])
        raise AssertionError(f"{len(failed)} of {len(operations)} calls ended with an error:\n{shown}")


def failures(operations: Sequence[Operation]) -> Iterator[str]:
    spelling = m.Spelling()
    for operation in operations:
        if isinstance(operation.answer, m.Unknown):
            yield f"{operation.caller}: {spelling.request(operation.request)} → {operation.answer.error}"


def in_rounds(requests: Sequence[m.Request]) -> Script:
    return Rounds(tuple((request,) for request in requests))


def claim_again(record: Record) -> m.Request:
    return m.Claim(ClaimParams(queues=(record.queue,), now=LATER))


def token(record: Record) -> CompleteParams:
    return CompleteParams(id=record.id, attempt=record.attempt)
