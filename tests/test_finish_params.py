"""The claim that is finished or extended, and why: any error text will do, no other token than claim's own."""

from collections.abc import Callable
from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given

from lazyjobs import CompleteParams, DiscardParams, ExtendParams, FinishParams, RetryParams
from tests.support import strategies as drawn

WithText = type[RetryParams] | type[DiscardParams]
tokens = pytest.mark.parametrize("params", [*get_args(FinishParams), ExtendParams])
Build = Callable[..., CompleteParams | RetryParams | DiscardParams | ExtendParams]
halves = pytest.mark.parametrize("field", ["id", "attempt"])
with_text = pytest.mark.parametrize("params", [RetryParams, DiscardParams])


def test_three_verbs_finish() -> None:
    assert set(get_args(FinishParams)) == {CompleteParams, RetryParams, DiscardParams}


@tokens
@drawn.random
@given(drawn.ids, drawn.ids)
def test_any_claim_can_be_named(params: Build, id: int, attempt: int) -> None:
    token = params(id=id, attempt=attempt)
    assert (token.id, token.attempt) == (id, attempt)


@tokens
@halves
def test_a_token_reaches_from_one_to_the_end_of_eight_bytes(params: Build, field: str) -> None:
    for value in (1, drawn.MAX_ID):
        assert getattr(params(**{"id": 1, "attempt": 1, field: value}), field) == value


@tokens
@halves
def test_another_token_is_refused(params: Build, field: str) -> None:
    for value in (0, -1, drawn.MAX_ID + 1):
        with pytest.raises(ValueError, match=f"^{field} must be from 1 to {drawn.MAX_ID}, not {value}$"):
            params(**{"id": 1, "attempt": 1, field: value})


@tokens
@halves
def test_a_token_that_is_no_int_is_refused(params: Build, field: str) -> None:
    for value in (True, "1", 1.0, None):
        with pytest.raises(TypeError, match=f"^{field} must be an int, not {type(value).__name__}$"):
            params(**{"id": 1, "attempt": 1, field: value})


@tokens
@pytest.mark.parametrize("given", [{"id": 1}, {"attempt": 1}])
def test_both_halves_of_the_token_are_needed(params: Build, given: dict[str, int]) -> None:
    with pytest.raises(TypeError, match=r"Missing required argument '(id|attempt)'"):
        params(**given)


def test_without_a_word_a_retry_is_due_now_and_has_no_error() -> None:
    params = RetryParams(id=1, attempt=1)
    assert (params.run_at, params.last_error) == (None, "")
    assert DiscardParams(id=1, attempt=1).last_error == ""


@with_text
@drawn.random
@given(drawn.texts)
def test_any_error_text_is_kept(params: WithText, text: str) -> None:
    assert params(id=1, attempt=1, last_error=text).last_error == text


@with_text
@pytest.mark.parametrize("text", ["", "\x00", "\ud800\udfff", "\U0010ffff", "x" * 10_000_000])
def test_no_error_text_is_too_hostile_or_too_long(params: WithText, text: str) -> None:
    assert params(id=1, attempt=1, last_error=text).last_error == text


@with_text
@pytest.mark.parametrize("value", [None, b"boom", ValueError("boom")])
def test_an_error_that_is_no_text_is_refused(params: WithText, value: object) -> None:
    with pytest.raises(TypeError, match=f"^last_error must be a str, not {type(value).__name__}$"):
        params(id=1, attempt=1, last_error=value)  # type: ignore[arg-type]


@drawn.random
@given(drawn.times)
def test_a_retry_may_be_due_at_any_time(run_at: datetime) -> None:
    assert RetryParams(id=1, attempt=1, run_at=run_at).run_at == run_at


def test_an_attempt_counts_unless_it_is_spared() -> None:
    assert not RetryParams(id=1, attempt=1).spare
    assert RetryParams(id=1, attempt=1, spare=True).spare


@pytest.mark.parametrize("spare", [1, 0, None, "yes"])
def test_whether_it_is_spared_is_true_or_false(spare: object) -> None:
    with pytest.raises(TypeError, match=f"^spare must be a bool, not {type(spare).__name__}$"):
        RetryParams(id=1, attempt=1, spare=spare)  # type: ignore[arg-type]
