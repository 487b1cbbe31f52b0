"""Which records are listed or pruned, and how many at the most."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

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


names = pytest.mark.parametrize("field", ["kinds", "queues"])


@names
@pytest.mark.parametrize("collection", [set, frozenset, tuple, list, dict.fromkeys])
def test_kinds_and_queues_may_come_in_any_collection(
    field: str, collection: Callable[[list[str]], frozenset[str]]
) -> None:
    class Name(StrEnum):
        MAIL = "mail"

    kept = getattr(ListOptions(**{field: collection(["mail", "a/b", Name.MAIL])}), field)  # type: ignore[arg-type]
    assert isinstance(kept, frozenset)
    assert kept == {"mail", "a/b"}
    assert {type(name) for name in kept} == {str}


@names
def test_no_names_at_all_are_a_filter_that_nothing_passes(field: str) -> None:
    assert getattr(ListOptions(), field) is None
    assert getattr(ListOptions(**{field: ()}), field) == frozenset()  # type: ignore[arg-type]


@names
@pytest.mark.parametrize("value", ["mail", b"mail", 1, iter(["mail"])])
def test_one_name_without_a_collection_is_refused(field: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"^{field} must be a set, tuple or list, not {type(value).__name__}$"):
        ListOptions(**{field: value})  # type: ignore[arg-type]


@names
@pytest.mark.parametrize("name", ["", "no spaces", "a" * 101])
def test_each_name_of_a_filter_is_one_that_a_record_can_have(field: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be 1 to 100 characters"):
        ListOptions(**{field: ["mail", name]})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"^{field} must be a str, not NoneType$"):
        ListOptions(**{field: [None]})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1, None, "yes"])
def test_payloads_are_asked_for_by_true_or_false(value: object) -> None:
    assert ListOptions().payloads
    assert not ListOptions(payloads=False).payloads
    with pytest.raises(TypeError, match=f"^payloads must be a bool, not {type(value).__name__}$"):
        ListOptions(payloads=value)  # type: ignore[arg-type]


@drawn.random
@given(drawn.times, st.integers(0, drawn.MAX_ID))
def test_a_page_begins_before_any_aware_time_and_id(time: datetime, id: int) -> None:
    before = ListOptions(before=(time, id)).before
    assert before == (time, id)
    assert before is not None
    assert before[0].tzinfo is UTC


@pytest.mark.parametrize("value", ["12", [drawn.EARLIEST, 1], 1, drawn.EARLIEST])
def test_the_place_before_which_a_page_begins_is_a_tuple(value: object) -> None:
    with pytest.raises(TypeError, match=rf"^before must be a tuple \(updated_at, id\), not {type(value).__name__}$"):
        ListOptions(before=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [(), (drawn.EARLIEST,), (drawn.EARLIEST, 1, 2)])
def test_the_place_before_which_a_page_begins_is_a_pair(value: object) -> None:
    with pytest.raises(ValueError, match=rf"^before must be a tuple \(updated_at, id\), not one of {len(value)}$"):  # type: ignore[arg-type]
        ListOptions(before=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("time", [datetime(2026, 1, 1), datetime(1969, 12, 31, tzinfo=UTC)])  # noqa: DTZ001 (naive)
def test_a_page_begins_at_an_aware_time_of_the_contract(time: datetime) -> None:
    with pytest.raises(ValueError, match=r"^before\[0\], a time, must be "):
        ListOptions(before=(time, 1))


@pytest.mark.parametrize("id", [-1, drawn.MAX_ID + 1])
def test_a_page_begins_at_an_id_of_the_contract(id: int) -> None:
    with pytest.raises(ValueError, match=r"^before\[1\], an id, must be from 0 to "):
        ListOptions(before=(drawn.EARLIEST, id))


@pytest.mark.parametrize("value", [(drawn.EARLIEST, True), (drawn.EARLIEST, 1.0), (None, 1), (1, drawn.EARLIEST)])
def test_a_page_begins_at_a_time_and_an_int(value: object) -> None:
    with pytest.raises(TypeError, match=r"^before\[[01]\], an? (time|id), must be an? (datetime|int), not "):
        ListOptions(before=value)  # type: ignore[arg-type]
