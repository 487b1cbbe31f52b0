"""What is made of the calls around a kill."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from lazyjobs import Backend, ClaimParams, CompleteParams, InsertParams
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import LEASE, Log, perform
from lazyjobs_testkit.harness import Traits

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def log() -> Log:
    return Log(Traits(durable=True))


def asking(log: Log, backend: Backend) -> Callable[[m.Request], m.Answer]:
    return lambda request: log.note(perform(backend, request, caller="test", handle="backend"))


def test_what_is_there_as_acknowledged_is_allowed(log: Log) -> None:
    ask = asking(log, MemoryBackend())
    ask(m.Insert(InsertParams(kind="k")))
    assert log.survey(ask).violations == ()
    assert [record.id for record in log.records] == [1]


def test_a_record_that_is_gone_is_lost(log: Log) -> None:
    asking(log, MemoryBackend())(m.Insert(InsertParams(kind="k")))
    (violation,) = log.survey(asking(log, MemoryBackend())).violations
    assert violation.fault is m.Fault.LOST


def test_a_call_that_raised_is_a_violation_unless_errors_are_allowed(log: Log) -> None:
    backend = MemoryBackend()
    ask = asking(log, backend)
    backend.close()
    assert [each.fault for each in log.survey(ask).violations] == [m.Fault.UNEXPECTED]
    assert log.survey(ask, errors_allowed=True).violations == ()


def test_calls_stay_to_be_judged_while_list_raises(log: Log) -> None:
    closed, store = MemoryBackend(), MemoryBackend()
    closed.close()
    asking(log, store)(m.Insert(InsertParams(kind="k")))
    log.survey(asking(log, closed), errors_allowed=True)
    assert len(log.survey(asking(log, store), errors_allowed=True).history.operations) == 3


def test_recovering_claims_and_completes_what_is_unfinished(log: Log) -> None:
    ask = asking(log, MemoryBackend())
    for _ in range(3):
        ask(m.Insert(InsertParams(kind="k", run_at=NOW)))
    ask(m.Claim(ClaimParams(now=NOW, lease=LEASE)))
    log.survey(ask)
    assert log.recover(ask) == []
    assert log.survey(ask).violations == ()
    assert {(record.state.value, record.attempt) for record in log.records} == {("succeeded", 1), ("succeeded", 2)}


def test_recovering_tells_what_no_claim_hands_out(log: Log) -> None:
    ask = asking(log, MemoryBackend())
    ask(m.Insert(InsertParams(kind="k", run_at=NOW)))
    log.survey(ask)
    (left,) = log.recover(asking(log, MemoryBackend()))
    assert left.id == 1


def test_recovering_leaves_what_is_finished(log: Log) -> None:
    ask = asking(log, MemoryBackend())
    ask(m.Insert(InsertParams(kind="k", run_at=NOW)))
    ask(m.Claim(ClaimParams(now=NOW)))
    ask(m.Complete(CompleteParams(id=1, attempt=1)))
    log.survey(ask)
    assert log.recover(ask) == []


def test_records_that_are_there_before_are_expected_afterwards(log: Log) -> None:
    old = MemoryBackend().insert(InsertParams(kind="k", run_at=NOW + timedelta(days=1)))
    log.begin_with([old])
    (violation,) = log.survey(asking(log, MemoryBackend())).violations
    assert violation.fault is m.Fault.LOST
