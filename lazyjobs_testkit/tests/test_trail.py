"""The trail: calls recorded as they are, and told in few words."""

from datetime import UTC, datetime, timedelta

import pytest

import lazyjobs
from lazyjobs import (
    Backend,
    ClaimParams,
    DiscardParams,
    InsertParams,
    ListOptions,
    Record,
    State,
    SupportsClaimMany,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsPrune,
)
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit.areas.closing.rules import capability_calls
from lazyjobs_testkit.suite._trail import CAPABILITIES, Call, describe, observed_capabilities, record_calls

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


class OnlyExtends:
    """A backend with one capability, and nothing that works."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def insert(self, params: InsertParams) -> Record:
        raise OSError("disk full")

    def list(self, *options: ListOptions) -> list[Record]:
        self.seen.append(options)
        return []

    def extend(self, params: object) -> None:
        self.seen.append(params)


@pytest.fixture
def trail() -> list[Call]:
    return []


@pytest.fixture
def recorded(trail: list[Call]) -> Backend:
    return record_calls(MemoryBackend(), "backend", trail)


def test_a_call_is_recorded_with_its_arguments_and_its_answer(recorded: Backend, trail: list[Call]) -> None:
    params = InsertParams(kind="kit.example")
    record = recorded.insert(params)
    assert [(call.method, call.arguments, call.answer) for call in trail] == [("insert", (params,), record)]


def test_an_error_is_recorded_and_raised(trail: list[Call]) -> None:
    backend = record_calls(OnlyExtends(), "backend", trail)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="disk full"):
        backend.insert(InsertParams(kind="kit.example"))
    assert str(trail[0]) == "backend.insert(kind='kit.example') → raised OSError: disk full"


def test_a_recorded_backend_has_the_capabilities_of_the_backend_and_no_others() -> None:
    recorded = record_calls(OnlyExtends(), "backend", [])  # type: ignore[arg-type]
    assert isinstance(recorded, SupportsExtend)
    assert not isinstance(recorded, SupportsPrune | SupportsClaimMany)
    assert observed_capabilities(recorded) == observed_capabilities(OnlyExtends()) == ("extend",)


def test_every_capability_of_the_contract_is_looked_for() -> None:
    contract = {getattr(lazyjobs, name) for name in lazyjobs.__all__ if name.startswith("Supports")}
    assert set(CAPABILITIES.values()) == contract


def test_every_capability_is_tried_after_close() -> None:
    assert {*capability_calls(MemoryBackend()), "close"} == CAPABILITIES.keys()


def test_an_argument_that_was_left_out_is_left_out_of_the_backends_call_too() -> None:
    backend = OnlyExtends()
    record_calls(backend, "backend", []).list()  # type: ignore[arg-type]
    assert backend.seen == [()]


def test_what_insert_was_given_is_not_told_again_in_its_answer(recorded: Backend, trail: list[Call]) -> None:
    recorded.insert(InsertParams(kind="kit.example", queue="mail", run_at=NOON))
    call, answer = str(trail[0]).split(" → ")
    assert call == "backend.insert(kind='kit.example', queue='mail', run_at=2024-01-01 12:00:00)"
    assert answer.startswith("Record(id=1, updated_at=")


def test_what_insert_changed_is_told(trail: list[Call]) -> None:
    record = MemoryBackend().insert(InsertParams(kind="kit.example", run_at=NOON))
    params = InsertParams(kind="kit.example", queue="mail", run_at=NOON + timedelta(hours=1))
    call = Call(handle="backend", method="insert", arguments=(params,), answer=record, ended=True)
    answer = str(call).split(" → ")[1]
    assert "queue='default'" in answer
    assert "run_at=2024-01-01 12:00:00" in answer


def test_a_claim_is_told_with_its_lease(recorded: Backend, trail: list[Call]) -> None:
    recorded.insert(InsertParams(kind="kit.example", run_at=NOON))
    recorded.claim(ClaimParams(now=NOON, lease=timedelta(seconds=5)))
    assert "claim(now=2024-01-01 12:00:00, lease=0:00:05)" in str(trail[1])
    assert "state=running, attempt=1" in str(trail[1])
    assert "lease_expires_at=2024-01-01 12:00:05" in str(trail[1])


def test_a_call_without_an_answer_yet_says_so() -> None:
    assert str(Call(handle="backend", method="stats", arguments=())) == "backend.stats() → (no answer yet)"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "None"),
        (True, "True"),
        (7, "7"),
        (State.RUNNING, "running"),
        ({State.PENDING: 2}, "{pending: 2}"),
        (timedelta(minutes=1), "0:01:00"),
        (datetime(2024, 1, 1, 12), "2024-01-01T12:00:00 (naive)"),  # noqa: DTZ001 (what must not be)
        (NOON.replace(microsecond=5), "2024-01-01 12:00:00.000005"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, … and 3 more]"),
        (ListOptions(limit=None), "ListOptions(limit=None)"),
        (b"\x00", repr(b"\x00")),
    ],
)
def test_values_are_told_in_few_words(value: object, told: str) -> None:
    assert describe(value) == told


def test_a_long_text_is_cut_and_its_length_told() -> None:
    assert describe("x" * 1000).endswith("… (1002 characters)")


def test_an_error_text_that_no_encoding_can_write_is_spelled_out() -> None:
    call = Call(handle="backend", method="stats", arguments=(), raised=ValueError("\ud800"))
    assert str(call).encode() == b"backend.stats() \xe2\x86\x92 raised ValueError: \\ud800"


def test_a_list_that_is_cleared_later_is_shown_as_it_was_handed_out(recorded: Backend, trail: list[Call]) -> None:
    recorded.insert(InsertParams(kind="mail"))
    listed = recorded.list()
    assert isinstance(listed, list)
    listed.clear()
    assert "Record(id=1, kind='mail'" in str(trail[-1])


def test_of_several_arguments_each_shows_its_type(recorded: Backend, trail: list[Call]) -> None:
    assert isinstance(recorded, SupportsFinishAndClaim)
    recorded.insert(InsertParams(kind="mail"))
    recorded.claim(ClaimParams())
    recorded.finish_and_claim(DiscardParams(id=1, attempt=1), ClaimParams(queues=("a",)))
    assert "finish_and_claim(DiscardParams(id=1, attempt=1), ClaimParams(queues=['a']))" in str(trail[-1])


def test_states_are_shown_by_their_words() -> None:
    assert describe(frozenset({State.RUNNING, State.PENDING})) == "{pending, running}"
