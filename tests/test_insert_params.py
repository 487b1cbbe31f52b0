"""What can be inserted, and what is refused by the name of its field."""

import copy
import pickle
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyjobs import InsertParams
from tests.support import strategies as drawn

NAME_RULE = "must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -"
MOST_ATTEMPTS = 2**31 - 1


def build(field: str, value: object) -> InsertParams:
    return InsertParams(**{"kind": "note", field: value})  # type: ignore[arg-type]


def test_only_the_kind_is_needed() -> None:
    params = InsertParams(kind="note")
    assert (params.queue, params.payload, params.max_attempts, params.run_at) == ("default", b"{}", 25, None)


@drawn.random
@given(drawn.names, drawn.names, drawn.payloads, st.integers(1, MOST_ATTEMPTS), st.none() | drawn.times)
def test_what_the_rules_allow_is_kept_as_it_is(
    kind: str, queue: str, payload: bytes, max_attempts: int, run_at: datetime | None
) -> None:
    params = InsertParams(kind=kind, queue=queue, payload=payload, max_attempts=max_attempts, run_at=run_at)
    assert (params.kind, params.queue, params.payload, params.max_attempts) == (kind, queue, payload, max_attempts)
    assert params.run_at == run_at


@pytest.mark.parametrize("field", ["kind", "queue"])
@pytest.mark.parametrize("name", ["a", "a" * 100, "Az09._:/-", "-", "..", "queue:1/a_b.c-d"])
def test_a_kind_or_queue_may_be_any_short_name_of_the_plain_characters(field: str, name: str) -> None:
    assert getattr(build(field, name), field) == name


@pytest.mark.parametrize("field", ["kind", "queue"])
@pytest.mark.parametrize(
    "name", ["", "a" * 101, "a b", "a\n", "\na", "a\x00", "\xe9", "\u0663", "\u212a", "a,b", "\ud800"]
)
def test_another_kind_or_queue_is_refused(field: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} {NAME_RULE}, not '"):
        build(field, name)


@pytest.mark.parametrize("field", ["kind", "queue"])
@pytest.mark.parametrize("value", [None, 1, b"note", ["note"], str])
def test_a_kind_or_queue_that_is_no_text_is_refused(field: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"^{field} must be a str, not {type(value).__name__}$"):
        build(field, value)


@pytest.mark.parametrize("attempts", [1, MOST_ATTEMPTS])
def test_as_many_attempts_as_fit_four_bytes_may_be_made(attempts: int) -> None:
    assert build("max_attempts", attempts).max_attempts == attempts


@pytest.mark.parametrize("attempts", [0, -1, MOST_ATTEMPTS + 1])
def test_fewer_or_more_attempts_are_refused(attempts: int) -> None:
    with pytest.raises(ValueError, match=f"^max_attempts must be from 1 to {MOST_ATTEMPTS}, not {attempts}$"):
        build("max_attempts", attempts)


@pytest.mark.parametrize("value", [True, 1.0, "3", None])
def test_attempts_that_are_no_int_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match=f"^max_attempts must be an int, not {type(value).__name__}$"):
        build("max_attempts", value)


def test_nonsense_of_any_size_is_refused_in_few_words() -> None:
    for field, value in (("kind", "no " * 100_000), ("max_attempts", 10**5_000)):
        with pytest.raises(ValueError, match=f"^{field} must be") as refused:
            build(field, value)
        assert len(str(refused.value)) < 250


def test_a_field_without_a_meaning_is_refused() -> None:
    with pytest.raises(TypeError, match="priority"):
        build("priority", 1)


def test_arguments_are_given_by_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        InsertParams("note")  # type: ignore[call-arg]


def test_params_are_values_that_cannot_be_changed() -> None:
    params = InsertParams(kind="note", run_at=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(AttributeError):
        params.kind = "other"  # type: ignore[misc]
    for twin in (copy.copy(params), copy.deepcopy(params), pickle.loads(pickle.dumps(params))):
        assert twin == params
        assert hash(twin) == hash(params)


def test_a_changed_copy_is_checked_again() -> None:
    params = InsertParams(kind="note")
    assert msgspec.structs.replace(params, queue="mail") == InsertParams(kind="note", queue="mail")
    with pytest.raises(ValueError, match=r"^queue must be"):
        msgspec.structs.replace(params, queue="")
