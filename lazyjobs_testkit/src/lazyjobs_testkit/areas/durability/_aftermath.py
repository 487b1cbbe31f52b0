"""What is looked at after a process was killed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.areas.fields.rules import told_of_all
from lazyjobs_testkit.crash import (
    LEASE,
    Asking,
    Prelude,
    Site,
    Survey,
)
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.history._operation import claimed
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import FUTURE, lease_end
from lazyjobs_testkit.suite._verbs import Verb, insert_in_state

ODD_PAYLOAD = b'{"b": 1.50,\t"a":"\\u0000\xf0\x9f\x90\x98", "b":1e2}'


def leave_every_state(bench: Bench) -> None:
    bench.insert(run_at=FUTURE, payload=ODD_PAYLOAD, max_attempts=2**31 - 1, queue="Another/Queue:1")
    for state in State:
        insert_in_state(bench, state)
    told_of_all(bench, queue="told")


def insert_and_die(site: Site, step: int) -> Sequence[int]:
    """Inserts in a new process until it is killed in an insert; the ids that were acknowledged."""
    request = m.Insert(InsertParams(kind=KIND))
    with site.fork() as child:
        child.open(site.namespace)
        answers = [child.ask(request).answer, child.ask(request).answer]
        assert all(isinstance(answer, m.One) for answer in answers), f"insert answered {answers}"
        answers.append(child.ask_and_die(request, step=step).answer)
    return [answer.record.id for answer in answers if isinstance(answer, m.One)]


def forget(ask: Asking, *, prune: bool) -> set[int]:
    """The ids there are; then, if they can be, all records are finished and pruned."""
    ids = set(listed(ask))
    if prune:
        for _ in ids:
            if isinstance(answer := ask(m.Claim(ClaimParams())), m.One):
                ask(m.Complete(CompleteParams(id=answer.record.id, attempt=answer.record.attempt)))
        ask(m.Prune(PruneParams(finished_before=FUTURE)))
    return ids


def leave_finished_and_waiting(prelude: Prelude) -> None:
    for _ in range(3):
        record = prelude.claimed()
        prelude.ask(m.Complete(CompleteParams(id=record.id, attempt=record.attempt)))
    prelude.claimed()
    prelude.insert()


def listed(ask: Asking) -> Mapping[int, Record]:
    answer = ask(m.ListRecords(ListOptions(limit=None)))
    assert isinstance(answer, m.Many), f"list answered {answer}"
    return {record.id: record for record in answer.records}


def assert_one_commit(site: Site, survey: Survey, kill: object) -> None:
    """Fails if a finish_and_claim that was killed has finished its record and not claimed another, or the reverse."""
    for operation in survey.history.operations:
        match operation.request, operation.answer:
            case m.FinishAndClaim(finish, params), m.Unknown() if not site.terms.wrong_empties:
                running = {record.id for record in site.records if record.state is State.RUNNING}
                finished = finish.params.id not in running
                others = {record.id for record in site.records if record.queue in params.queues} - {finish.params.id}
                done = ("the finish", "the claim") if finished else ("the claim", "the finish")
                assert finished == bool(others & running), f"{kill}\n{done[0]} was done, and {done[1]} was not"


def leases(operations: Sequence[Operation]) -> Mapping[int, tuple[str, datetime]]:
    """The queue and the lease's end of every record that was claimed or extended and not finished since."""
    leases: dict[int, tuple[str, datetime]] = {}
    for operation in operations:
        match operation.request, operation.answer:
            case m.Extend(params), m.Nothing() if params.now is not None:
                leases[params.id] = leases[params.id][0], params.now + params.lease
            case ((m.Complete(params) | m.Retry(params) | m.Discard(params)), m.Nothing()):
                leases.pop(params.id, None)
            case m.FinishAndClaim(finish, _), m.One():
                leases.pop(finish.params.id, None)
        leases |= {record.id: (record.queue, lease_end(record)) for record in claimed(operation)}
    return leases


def try_tokens(ask: Asking, record: Record, verb: Verb, *, reclaim: bool) -> None:
    """Finishes a record with every token it has had, the current one last; all others are to be refused."""
    for attempt in range(1, record.attempt):
        ask(finishing(verb, record.id, attempt))
    attempt = record.attempt
    if reclaim:
        claim = ClaimParams(queues=(record.queue,), now=lease_end(record), lease=LEASE)
        answer = ask(m.Claim(claim))
        ask(finishing(verb, record.id, attempt))
        attempt = answer.record.attempt if isinstance(answer, m.One) else attempt
    ask(finishing(verb, record.id, attempt))


def finishing(verb: Verb, id: int, attempt: int) -> m.Request:
    match verb:
        case "complete":
            return m.Complete(CompleteParams(id=id, attempt=attempt))
        case "retry":
            return m.Retry(RetryParams(id=id, attempt=attempt, run_at=FUTURE))
        case "discard":
            return m.Discard(DiscardParams(id=id, attempt=attempt))
