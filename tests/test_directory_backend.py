"""The directory backend keeps each statement of the contract that one process can see."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import asdict, replace

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    PruneParams,
    Record,
    RetryParams,
    State,
)
from tests.support.calls import (
    EVERYTHING,
    FAR_FUTURE,
    LEASE,
    NOON,
    SECOND,
    claim,
    claim_all,
    complete,
    discard,
    extend,
    files,
    fill,
    insert,
    read_one,
    retry,
)
from tests.support.directory import MAX_ERROR, DirectoryBackend


@pytest.fixture
def backend(tmp_path: Path) -> DirectoryBackend:
    return DirectoryBackend(tmp_path / "jobs")


Finish = Callable[[DirectoryBackend, int, int], None]

each_finish = pytest.mark.parametrize("finish", [complete, retry, discard])
each_change = pytest.mark.parametrize("change", [complete, retry, discard, extend])


def test_an_inserted_record_is_pending_and_listed_as_it_was_returned(backend: DirectoryBackend) -> None:
    before = datetime.now(UTC)
    record = backend.insert(InsertParams(kind="mail:send", queue="mail/eu", payload=b'{"to": 1}', max_attempts=3))
    assert before <= record.created_at <= datetime.now(UTC)
    assert record == Record(
        id=1,
        kind="mail:send",
        queue="mail/eu",
        payload=b'{"to": 1}',
        state=State.PENDING,
        attempt=0,
        max_attempts=3,
        run_at=record.created_at,
        created_at=record.created_at,
        updated_at=record.created_at,
    )
    assert read_one(backend) == record


def test_a_time_keeps_its_microseconds(backend: DirectoryBackend) -> None:
    run_at = NOON + timedelta(microseconds=1)
    insert(backend, run_at=run_at)
    assert backend.claim(ClaimParams(now=NOON)) is None
    assert claim(backend, now=run_at).run_at == run_at


@pytest.mark.parametrize(
    "payload",
    [
        b'{"b":1,"a":2}',
        b'{ "n" : [1.0, 1e2, 100, -0, 123456789012345678901234567890] }',
        b'{"twice":1,"twice":2}',
        rb'{"nul":"\u0000","slash":"\/"}',
        '{"astral":"\N{GRINNING FACE}","escaped":"\\ud83d\\ude00"}'.encode(),
        b'\n"x"\t',
        b'"' + b"x" * 1_000_000 + b'"',
    ],
    ids=lambda payload: payload[:12],
)
def test_a_payload_comes_back_byte_for_byte(backend: DirectoryBackend, payload: bytes) -> None:
    assert backend.insert(InsertParams(kind="note", payload=payload)).payload == payload
    assert read_one(backend).payload == payload
    assert claim(backend).payload == payload


def test_ids_grow_and_are_not_used_again_after_a_prune(backend: DirectoryBackend) -> None:
    for _ in range(3):
        insert(backend)
    for record in claim_all(backend):
        complete(backend, record.id, 1)
    assert backend.prune(PruneParams(finished_before=FAR_FUTURE)) == 3
    assert insert(DirectoryBackend(backend.root)).id == 4


def test_claims_come_by_due_time_then_id_over_all_queues_together(backend: DirectoryBackend) -> None:
    due = [("b", 2), ("a", 3), ("a", 1), ("b", 1), ("c", 0)]
    inserted = [insert(backend, queue=queue, run_at=NOON + second * SECOND) for queue, second in due]
    order = [claim(backend, now=NOON + 3 * SECOND, queues=("a", "b")).id for _ in range(4)]
    assert order == [inserted[index].id for index in (2, 3, 0, 1)]
    assert backend.claim(ClaimParams(queues=("a", "b"), now=NOON + 3 * SECOND)) is None


def test_an_expired_lease_takes_its_place_in_the_order(backend: DirectoryBackend) -> None:
    crashed = insert(backend, run_at=NOON)
    claim(backend, now=NOON)
    earlier = insert(backend, run_at=NOON + LEASE - SECOND)
    later = insert(backend, run_at=NOON + LEASE)
    order = [record.id for record in claim_all(backend, now=NOON + LEASE)]
    assert order == [earlier.id, crashed.id, later.id]


def test_a_claim_sets_state_attempt_lease_and_updated_at_and_nothing_else(backend: DirectoryBackend) -> None:
    inserted = insert(backend, run_at=NOON)
    before = datetime.now(UTC)
    claimed = claim(backend, now=NOON + SECOND)
    assert before <= claimed.updated_at <= datetime.now(UTC)
    expected = replace(inserted, state=State.RUNNING, attempt=1, lease_expires_at=NOON + SECOND + LEASE)
    assert claimed == replace(expected, updated_at=claimed.updated_at)
    assert read_one(backend) == claimed


def test_a_claim_with_nothing_due_is_none_and_changes_nothing(backend: DirectoryBackend) -> None:
    insert(backend, run_at=NOON)
    insert(backend, queue="other")
    before = files(backend.root)
    assert backend.claim(ClaimParams(now=NOON - SECOND)) is None
    assert backend.claim(ClaimParams(queues=("unknown",), now=FAR_FUTURE)) is None
    assert files(backend.root) == before


def test_a_queue_is_not_taken_for_another_that_looks_alike(backend: DirectoryBackend) -> None:
    for queue in ("a/b", "a-b", "-a/b", "a/b-", "A/B"):
        insert(backend, queue=queue)
    assert claim(backend, queues=("a/b",)).queue == "a/b"
    assert backend.claim(ClaimParams(queues=("a/b",))) is None
    assert claim(backend, queues=("a-b",)).queue == "a-b"


def test_a_running_record_is_claimed_again_at_the_end_of_its_lease_and_no_sooner(backend: DirectoryBackend) -> None:
    insert(backend, run_at=NOON)
    claim(backend, now=NOON)
    assert backend.claim(ClaimParams(now=NOON + LEASE - timedelta(microseconds=1))) is None
    assert claim(backend, now=NOON + LEASE).attempt == 2


def test_a_claim_does_not_look_at_max_attempts(backend: DirectoryBackend) -> None:
    backend.insert(InsertParams(kind="note", max_attempts=1, run_at=NOON))
    attempts = [claim(backend, now=NOON + turn * LEASE).attempt for turn in range(3)]
    assert attempts == [1, 2, 3]


@pytest.mark.parametrize(
    ("finish", "changes"),
    [
        (complete, {"state": State.SUCCEEDED, "last_error": "first"}),
        (retry, {"state": State.RETRYING, "last_error": "retried", "run_at": NOON}),
        (discard, {"state": State.DISCARDED, "last_error": "discarded"}),
    ],
)
def test_a_finish_changes_what_its_verb_says(
    backend: DirectoryBackend, finish: Finish, changes: dict[str, object]
) -> None:
    insert(backend)
    claim(backend)
    backend.retry(RetryParams(id=1, attempt=1, last_error="first"))
    claimed = claim(backend)
    finish(backend, 1, 2)
    found = read_one(backend)
    assert claimed.updated_at <= found.updated_at <= datetime.now(UTC)
    assert asdict(found) == asdict(claimed) | {"updated_at": found.updated_at, "lease_expires_at": None} | changes


def test_a_retry_without_a_time_is_due_at_once(backend: DirectoryBackend) -> None:
    insert(backend)
    claimed = claim(backend)
    backend.retry(RetryParams(id=1, attempt=1))
    assert claimed.updated_at <= read_one(backend).run_at <= datetime.now(UTC)
    assert claim(backend).attempt == 2


@each_change
def test_a_claim_whose_lease_ended_unreclaimed_still_holds(backend: DirectoryBackend, change: Finish) -> None:
    long_ago = datetime(1999, 12, 31, tzinfo=UTC)
    insert(backend, run_at=long_ago)
    held = claim(backend, now=long_ago)
    change(backend, 1, 1)
    assert read_one(backend).lease_expires_at != held.lease_expires_at


@each_change
def test_a_superseded_claim_is_refused_and_changes_nothing(backend: DirectoryBackend, change: Finish) -> None:
    insert(backend, run_at=NOON)
    claim(backend, now=NOON)
    claim(backend, now=NOON + LEASE)
    before = files(backend.root)
    with pytest.raises(ClaimLostError, match="running at attempt 2"):
        change(backend, 1, 1)
    with pytest.raises(ClaimLostError, match="running at attempt 2"):
        change(backend, 1, 3)
    assert files(backend.root) == before


@each_change
def test_an_unknown_or_unclaimed_record_is_refused_and_not_invented(backend: DirectoryBackend, change: Finish) -> None:
    insert(backend)
    before = files(backend.root)
    with pytest.raises(ClaimLostError, match="no such record"):
        change(backend, 7, 1)
    with pytest.raises(ClaimLostError, match="pending at attempt 0"):
        change(backend, 1, 1)
    assert files(backend.root) == before


@each_finish
def test_repeating_a_finish_is_a_no_op_and_any_other_change_is_refused(
    backend: DirectoryBackend, finish: Finish
) -> None:
    insert(backend)
    claim(backend)
    finish(backend, 1, 1)
    before = files(backend.root)
    finish(backend, 1, 1)
    for change in (complete, retry, discard, extend):
        if change is not finish:
            with pytest.raises(ClaimLostError):
                change(backend, 1, 1)
    assert files(backend.root) == before


@each_finish
def test_an_earlier_attempt_may_not_repeat_the_finish_of_a_later_one(backend: DirectoryBackend, finish: Finish) -> None:
    insert(backend, run_at=NOON)
    claim(backend, now=NOON)
    claim(backend, now=NOON + LEASE)
    finish(backend, 1, 2)
    with pytest.raises(ClaimLostError, match="at attempt 2"):
        finish(backend, 1, 1)


def test_repeating_a_finish_ignores_its_other_arguments(backend: DirectoryBackend) -> None:
    insert(backend)
    claim(backend)
    retry(backend, 1, 1)
    before = files(backend.root)
    backend.retry(RetryParams(id=1, attempt=1, run_at=FAR_FUTURE, last_error="another"))
    assert files(backend.root) == before


def test_retry_and_discard_replace_the_error_even_by_none(backend: DirectoryBackend) -> None:
    insert(backend)
    claim(backend)
    backend.retry(RetryParams(id=1, attempt=1, last_error="first"))
    claim(backend)
    backend.discard(DiscardParams(id=1, attempt=2))
    assert read_one(backend).last_error == ""


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (
            'nul \0, quote ", newline \n, astral \N{GRINNING FACE}',
            'nul \0, quote ", newline \n, astral \N{GRINNING FACE}',
        ),
        ("\ud800 alone, \udc00 alone, \udcff escaped", "? alone, ? alone, ? escaped"),
        ("why: " + "x" * 1_000_000, "why: " + "x" * (MAX_ERROR - 5)),
        ("\udfff" * 1_000_000, "?" * MAX_ERROR),
    ],
    ids=["controls", "surrogates", "long", "long surrogates"],
)
def test_no_error_text_stops_a_transition(backend: DirectoryBackend, text: str, stored: str) -> None:
    insert(backend)
    claim(backend)
    backend.retry(RetryParams(id=1, attempt=1, last_error=text))
    assert read_one(backend).last_error == stored
    claim(backend)
    backend.discard(DiscardParams(id=1, attempt=2, last_error=text))
    assert (read_one(backend).state, read_one(backend).last_error) == (State.DISCARDED, stored)


def test_extending_moves_the_end_of_the_lease_and_nothing_else(backend: DirectoryBackend) -> None:
    insert(backend, run_at=NOON)
    claimed = claim(backend, now=NOON)
    backend.extend(ExtendParams(id=1, attempt=1, now=NOON, lease=5 * LEASE))
    assert read_one(backend) == replace(claimed, lease_expires_at=NOON + 5 * LEASE)
    assert backend.claim(ClaimParams(now=NOON + 5 * LEASE - SECOND)) is None
    backend.extend(ExtendParams(id=1, attempt=1, now=NOON, lease=SECOND))
    assert claim(backend, now=NOON + SECOND).attempt == 2


def test_updated_at_never_goes_back(backend: DirectoryBackend) -> None:
    record = replace(insert(backend), updated_at=FAR_FUTURE)
    (backend.root / "records" / "1.json").write_bytes(msgspec.json.encode(record))
    assert claim(backend).updated_at == FAR_FUTURE
    complete(backend, 1, 1)
    assert read_one(backend).updated_at == FAR_FUTURE


def test_there_is_one_name_in_due_for_each_unfinished_record(backend: DirectoryBackend) -> None:
    fill(backend)
    extend(backend, 4, 1)
    names = sorted(path.name.split("-", 1)[1] for path in (backend.root / "due").iterdir())
    assert names == [f"{id:019}-{queue}" for id, queue in ((2, "b"), (4, "b"), (5, "a"))]


def test_two_directories_never_see_one_another(tmp_path: Path) -> None:
    one, other = DirectoryBackend(tmp_path / "jobs"), DirectoryBackend(tmp_path / "jobs" / "nested")
    fill(one)
    before = one.list(EVERYTHING)
    assert insert(other).id == 1
    assert other.stats().total == 1
    discard(other, claim(other).id, 1)
    assert other.prune(PruneParams(finished_before=FAR_FUTURE)) == 1
    with pytest.raises(ClaimLostError):
        complete(other, 4, 1)
    assert one.list(EVERYTHING) == before


def test_threads_share_one_instance_and_never_a_record(backend: DirectoryBackend) -> None:
    start = threading.Barrier(4)
    inserted: list[int] = []
    claimed: list[int] = []

    def work() -> None:
        start.wait(10)
        inserted.extend(insert(backend).id for _ in range(25))
        start.wait(10)
        claimed.extend(record.id for record in claim_all(backend))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(inserted) == sorted(claimed) == list(range(1, 101))
