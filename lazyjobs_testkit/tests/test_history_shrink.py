"""Shrinking: little is left, and what is left is still wrong for the same reason."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lazyjobs import ClaimParams, CompleteParams, InsertParams, ListOptions, Record, RetryParams, State
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history import (
    History,
    HistoryFileError,
    Operation,
    check,
    load,
    minimize,
    replay,
    save,
    show,
    shrink,
)

T = datetime(2030, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


class Story:
    """A history in the making: each call takes a second, one after the other, unless it is told to overlap."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._time = 0

    def add(self, request: m.Request, answer: m.Answer, *, overlapping: bool = False, caller: str = "a") -> None:
        begin = self._time - 1 if overlapping else self._time
        end = begin + (2 if overlapping else 1)
        self._time = end + 1
        self.operations.append(
            Operation(
                caller=caller,
                handle="h",
                request=request,
                answer=answer,
                called=begin * 10**9,
                returned=end * 10**9,
                began=at(begin),
                ended=at(end),
            )
        )

    def insert(self, id: int) -> None:
        time = at(self._time)
        self.add(m.Insert(InsertParams(kind="k", run_at=at(id))), m.One(_record(id, created_at=time, updated_at=time)))

    def insert_many(self, *ids: int) -> None:
        time = at(self._time)
        params = tuple(InsertParams(kind="k", run_at=at(id)) for id in ids)
        self.add(m.InsertMany(params), m.Many(tuple(_record(id, created_at=time, updated_at=time) for id in ids)))

    def claim(self, record: Record, now: float, *, overlapping: bool = False) -> Record:
        running = {"state": State.RUNNING, "attempt": record.attempt + 1, "lease_expires_at": at(now) + LEASE}
        claimed = _changed(record, updated_at=at(self._time), **running)
        self.add(m.Claim(ClaimParams(now=at(now), lease=LEASE)), m.One(claimed), overlapping=overlapping)
        return claimed

    def retry(self, record: Record) -> Record:
        params = RetryParams(id=record.id, attempt=record.attempt, run_at=record.run_at)
        updated = at(self._time)
        self.add(m.Retry(params), m.Nothing())
        return _changed(record, state=State.RETRYING, lease_expires_at=None, updated_at=updated)

    def history(self) -> History:
        return History(operations=tuple(self.operations))

    def shown(self, id: int) -> Record:
        for operation in reversed(self.operations):
            match operation.answer:
                case m.One(record) if record.id == id:
                    return record
                case m.Many(records):
                    for record in records:
                        if record.id == id:
                            return record
        raise LookupError(id)


def _record(id: int, *, created_at: datetime, updated_at: datetime) -> Record:
    return Record(
        id=id,
        kind="k",
        queue="default",
        payload=b"{}",
        state=State.PENDING,
        attempt=0,
        max_attempts=25,
        run_at=at(id),
        created_at=created_at,
        updated_at=updated_at,
    )


def _changed(record: Record, **changes: object) -> Record:
    values = {name: getattr(record, name) for name in record.__struct_fields__}
    return Record(**{**values, **changes})


def duplicated() -> History:
    """Twenty records and many calls, in which record 7 is handed out twice."""
    story = Story()
    for id in range(1, 21):
        story.insert(id)
    for id in range(1, 21):
        story.claim(story.shown(id), 1000)
        story.add(m.Claim(ClaimParams(now=at(0))), m.Nothing())
        story.add(m.Complete(CompleteParams(id=id, attempt=5)), m.Lost("running"))
        if id == 7:
            story.claim(_changed(story.shown(7), attempt=0), 1000, overlapping=True)
    story.add(m.ListRecords(ListOptions(limit=1)), m.Many((story.shown(20),)))
    return story.history()


def faults(history: History) -> Sequence[m.Fault]:
    return [violation.fault for violation in check(history).violations]


def test_one_record_and_three_calls_are_left_of_a_duplicate() -> None:
    history = duplicated()
    shrunk, violation = shrink(history, check(history).violations[0])
    assert violation.fault is m.Fault.DUPLICATED
    assert violation.records == (7,)
    assert [operation.request.method for operation in shrunk.operations] == ["insert", "claim", "claim"]
    assert faults(shrunk) == [m.Fault.DUPLICATED]


def test_what_made_a_later_call_legal_is_never_left_out() -> None:
    story = Story()
    story.insert(1)
    record = story.shown(1)
    for _ in range(2):
        record = story.retry(story.claim(record, 100))
    story.claim(record, 100)
    story.claim(record, 100, overlapping=True)
    shrunk, _ = shrink(story.history(), check(story.history()).violations[0])
    assert [operation.request.method for operation in shrunk.operations].count("retry") == 2


def test_of_a_long_life_only_the_state_before_the_fault_is_kept() -> None:
    story = Story()
    story.insert(1)
    record = story.shown(1)
    for _ in range(30):
        record = story.retry(story.claim(record, 100))
    story.claim(record, 100)
    story.claim(record, 100, overlapping=True)
    shrunk, violation = shrink(story.history(), check(story.history()).violations[0])
    assert len(shrunk.operations) == 2
    assert [entry.attempt for entry in shrunk.initial] == [30]
    assert violation.fault is m.Fault.DUPLICATED
    assert "retrying at attempt 30" in show(shrunk, violation)


def test_a_claim_that_passed_over_a_record_keeps_both() -> None:
    story = Story()
    for id in range(1, 6):
        story.insert(id)
    story.claim(story.shown(1), 100)
    story.claim(story.shown(4), 100)
    shrunk, violation = shrink(story.history(), check(story.history()).violations[0])
    assert violation.fault is m.Fault.PASSED_OVER
    assert [operation.request.method for operation in shrunk.operations] == ["insert", "insert", "claim"]


def test_bulk_calls_are_narrowed_to_the_record() -> None:
    story = Story()
    story.insert_many(1, 2, 3)
    story.claim(story.shown(1), 100)
    story.claim(_changed(story.shown(1), attempt=0), 100)
    shrunk, _ = shrink(story.history(), check(story.history()).violations[0])
    inserts = [operation.request for operation in shrunk.operations if isinstance(operation.request, m.InsertMany)]
    assert [len(insert.params) for insert in inserts] == [1]


def test_the_text_marks_the_wrong_answer() -> None:
    history = duplicated()
    text = show(*shrink(history, check(history).violations[0]))
    assert [line.startswith(">>>") for line in text.splitlines()].count(True) == 1
    assert "claim(ClaimParams(now=2030-01-01T00:16:40Z)) → record 7 running at attempt 1" in text


def test_minimizing_leaves_what_fails_and_nothing_else() -> None:
    tried: list[Sequence[int]] = []

    def fails(items: Sequence[int]) -> bool:
        tried.append(items)
        return {3, 40, 77} <= set(items)

    assert list(minimize(range(100), fails)) == [3, 40, 77]
    assert len(tried) < 150


def test_minimizing_may_leave_nothing() -> None:
    assert list(minimize([1, 2, 3], lambda _: True)) == []


def test_a_saved_history_replays_to_the_same_verdict(tmp_path: Path) -> None:
    history = duplicated()
    file = tmp_path / "history.json"
    save(history, file, {"backend": "example", "seed": "5"})
    assert load(file).history == history
    played = replay(file)
    assert not played.legal
    assert "backend example, seed 5" in played.text
    assert "duplicated: record 7 is held by attempt 1" in played.text


def test_a_legal_history_replays_as_legal(tmp_path: Path) -> None:
    story = Story()
    story.insert(1)
    story.add(m.Claim(ClaimParams(now=at(0))), m.Unknown("BackendUnavailableError: no answer"))
    file = tmp_path / "history.json"
    save(story.history(), file, {})
    assert replay(file).legal


def test_a_history_with_a_beginning_is_saved_with_it(tmp_path: Path) -> None:
    story = Story()
    story.insert(1)
    record = story.shown(1)
    for _ in range(9):
        record = story.retry(story.claim(record, 100))
    story.claim(record, 100)
    story.claim(record, 100, overlapping=True)
    shrunk, _ = shrink(story.history(), check(story.history()).violations[0])
    save(shrunk, tmp_path / "history.json", {})
    assert load(tmp_path / "history.json").history == shrunk


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": "lazyjobs-history-9"}', b"\xff"])
def test_a_file_that_holds_no_history_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other.json"
    file.write_bytes(content)
    with pytest.raises(HistoryFileError, match=r"other\.json holds no history"):
        replay(file)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(HistoryFileError, match=r"nowhere\.json"):
        replay(tmp_path / "nowhere.json")
