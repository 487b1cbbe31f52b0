"""Which records are listed or pruned, and how many at the most."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyjobs import ListOptions, PruneParams, State
from tests.support import strategies as drawn

Build = Callable[[int], ListOptions | PruneParams]


def prune(limit: int) -> PruneParams:
    return PruneParams(finished_before=datetime(2030, 1, 1, tzinfo=UTC), limit=limit)


def list_up_to(limit: int) -> ListOptions:
    return ListOptions(limit=limit)


limited = pytest.mark.parametrize("build", [list_up_to, prune])


def test_without_a_word_the_first_hundred_of_every_state_are_listed() -> None:
    assert ListOptions() == ListOptions(limit=100, states=None)


def test_without_a_word_a_thousand_are_pruned() -> None:
    assert PruneParams(finished_before=datetime(2030, 1, 1, tzinfo=UTC)).limit == 1000


@drawn.random
@given(st.none() | drawn.ids, st.none() | st.sets(st.sampled_from(State)))
def test_what_the_rules_allow_is_kept(limit: int | None, states: set[State] | None) -> None:
    options = ListOptions(limit=limit, states=None if states is None else frozenset(states))
    assert (options.limit, options.states) == (limit, states)


@limited
@pytest.mark.parametrize("limit", [0, -1, drawn.MAX_ID + 1])
def test_a_limit_is_at_least_one(build: Build, limit: int) -> None:
    with pytest.raises(ValueError, match=f"^limit must be from 1 to {drawn.MAX_ID}, not {limit}$"):
        build(limit)


@limited
@pytest.mark.parametrize("limit", [True, 1.0, "all"])
def test_a_limit_is_an_int(build: Build, limit: object) -> None:
    with pytest.raises(TypeError, match=f"^limit must be an int, not {type(limit).__name__}$"):
        build(limit)  # type: ignore[arg-type]


def test_only_a_list_may_be_without_a_limit() -> None:
    assert ListOptions(limit=None).limit is None
    with pytest.raises(TypeError, match=r"^limit must be an int, not NoneType$"):
        prune(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("collection", [set, frozenset, tuple, list, dict.fromkeys])
def test_states_may_come_in_any_collection_and_as_words(collection: Callable[[list[str]], frozenset[State]]) -> None:
    states = ListOptions(states=collection(["pending", State.RUNNING, "pending"])).states
    assert isinstance(states, frozenset)
    assert sorted(map(repr, states)) == sorted(map(repr, (State.PENDING, State.RUNNING)))


def test_no_states_at_all_are_a_filter_that_nothing_passes() -> None:
    assert ListOptions(states=frozenset()).states == frozenset()


def test_options_keep_no_hold_of_the_set_they_were_given() -> None:
    states = {State.PENDING}
    options = ListOptions(states=states)  # type: ignore[arg-type]
    states.add(State.RUNNING)
    assert options == ListOptions(states=frozenset({State.PENDING}))
    assert hash(options) == hash(ListOptions(states=frozenset({State.PENDING})))


@pytest.mark.parametrize("states", ["pending", State.PENDING, 1, iter(["pending"])])
def test_one_state_without_a_collection_is_refused(states: object) -> None:
    with pytest.raises(TypeError, match=f"^states must be a set, tuple or list, not {type(states).__name__}$"):
        ListOptions(states=states)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["done", "PENDING", "", 1, None, []])
def test_a_word_that_is_no_state_is_refused(state: object) -> None:
    words = "pending, running, retrying, succeeded, discarded"
    with pytest.raises(ValueError, match=f"^states must be some of {words}: .* is not a valid State$"):
        ListOptions(states=["pending", state])  # type: ignore[arg-type]
