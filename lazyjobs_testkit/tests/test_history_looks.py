"""Histories: what a list that is limited, filtered or without payloads has to show, and what a claim may pass over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from lazyjobs import ClaimParams, CompleteParams, InsertParams, ListOptions, Record, State
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history import History, Operation, check

T = datetime(2030, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def op(called: int, returned: int, request: m.Request, answer: m.Answer, caller: str = "") -> Operation:
    return Operation(
        caller=caller or f"caller {called} {returned}",
        handle="h",
        request=request,
        answer=answer,
        called=called * 10**9,
        returned=returned * 10**9,
        began=at(called),
        ended=at(returned),
    )


def record(id: int, **fields: Any) -> Record:
    usual: dict[str, Any] = {"kind": "k", "queue": "default", "payload": b"{}", "max_attempts": 25, "attempt": 0}
    times = {"run_at": T, "created_at": at(id), "updated_at": at(id), "state": State.PENDING}
    return Record(id=id, **{**usual, **times, **fields})


def inserted(id: int, **fields: Any) -> Operation:
    """Inserted at its id's second."""
    given = record(id, **fields)
    params = InsertParams(kind=given.kind, queue=given.queue, payload=given.payload, run_at=T)
    return op(id, id, m.Insert(params), m.One(given))


def listed(called: int, *records: Record, **options: Any) -> Operation:
    return op(called, called + 1, m.ListRecords(ListOptions(**options)), m.Many(records))


def faults(*operations: Operation) -> Sequence[m.Fault]:
    return [violation.fault for violation in check(History(operations=operations)).violations]


def test_a_list_that_shows_fewer_than_its_limit_shows_everything() -> None:
    both = (inserted(1), inserted(2))
    assert faults(*both, listed(5, record(2), record(1), limit=3)) == []
    assert faults(*both, listed(5, record(2), limit=3)) == [m.Fault.LOST]
    assert faults(*both, listed(5, limit=1)) == [m.Fault.LOST, m.Fault.LOST]


def test_a_list_that_reaches_its_limit_shows_the_newest() -> None:
    both = (inserted(1), inserted(2))
    assert faults(*both, listed(5, record(2), limit=1)) == []
    assert faults(*both, listed(5, record(1), limit=1)) == [m.Fault.LOST]


def test_a_filtered_list_shows_all_that_passes() -> None:
    both = (inserted(1, kind="a"), inserted(2, queue="b"))
    first, second = record(1, kind="a"), record(2, queue="b")
    assert faults(*both, listed(5, first, kinds=frozenset("a"))) == []
    assert faults(*both, listed(5, kinds=frozenset("a"))) == [m.Fault.LOST]
    assert faults(*both, listed(5, second, queues=frozenset("b"))) == []
    assert faults(*both, listed(5, queues=frozenset("b"), states=frozenset({State.RUNNING}))) == []
    assert faults(*both, listed(5, first, before=(at(2), 2))) == []
    assert faults(*both, listed(5, before=(at(2), 2))) == [m.Fault.LOST]


def test_a_list_without_payloads_need_show_none() -> None:
    bare = replace(record(1), payload=b"")
    assert faults(inserted(1), listed(5, bare, payloads=False)) == []
    assert faults(inserted(1), listed(5, bare)) == [m.Fault.ALTERED]


def test_a_bare_record_may_be_what_an_unanswered_insert_stored() -> None:
    params = InsertParams(kind="k", payload=b"[1]", run_at=T)
    unanswered = op(1, 1, m.Insert(params), m.Unknown("no answer"))
    assert faults(unanswered, listed(5, record(1, payload=b""), payloads=False)) == []


def claim(called: int, returned: int, answer: Record | None) -> Operation:
    params = ClaimParams(now=at(60), lease=timedelta(seconds=60))
    return op(called, returned, m.Claim(params), m.Nothing() if answer is None else m.One(answer))


def refused(called: int, returned: int) -> Operation:
    return op(called, returned, m.Complete(CompleteParams(id=1, attempt=9)), m.Lost("pending"))


def test_a_claim_may_pass_over_a_record_that_an_overlapping_call_names() -> None:
    assert faults(inserted(1), claim(5, 8, None)) == [m.Fault.EMPTY]
    assert faults(inserted(1), refused(6, 7), claim(5, 8, None)) == []
    assert faults(inserted(1), refused(4, 6), claim(5, 8, None)) == []


def test_a_call_that_ended_before_excuses_no_claim() -> None:
    assert faults(inserted(1), refused(3, 4), claim(5, 8, None)) == [m.Fault.EMPTY]


def test_two_claims_at_once_cannot_both_leave_the_only_record() -> None:
    assert m.Fault.EMPTY in faults(inserted(1), claim(5, 8, None), claim(6, 9, None))
