"""Queues and durations: what may be claimed, extended and waited for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyjobs import ClaimParams, ExtendParams, WaitParams
from tests.support import strategies as drawn

WithQueues = type[ClaimParams] | type[WaitParams]
both = pytest.mark.parametrize("params", [ClaimParams, WaitParams])


def extend(lease: timedelta) -> ExtendParams:
    return ExtendParams(id=1, attempt=1, lease=lease)


def claim(lease: timedelta) -> ClaimParams:
    return ClaimParams(lease=lease)


def wait(timeout: timedelta) -> WaitParams:
    return WaitParams(timeout=timeout)


with_lease = pytest.mark.parametrize("build", [claim, extend])
BuildLease = Callable[[timedelta], ClaimParams | ExtendParams]


def test_nothing_needs_to_be_said() -> None:
    minute = timedelta(minutes=1)
    assert ClaimParams() == ClaimParams(queues=("default",), now=None, lease=minute, worker="")
    assert WaitParams() == WaitParams(queues=("default",), timeout=timedelta(seconds=1))
    assert ExtendParams(id=1, attempt=1) == ExtendParams(id=1, attempt=1, now=None, lease=minute)


@drawn.random
@given(drawn.queues, st.none() | drawn.times, drawn.leases)
def test_what_the_rules_allow_is_kept(queues: tuple[str, ...], now: datetime | None, lease: timedelta) -> None:
    params = ClaimParams(queues=queues, now=now, lease=lease)
    assert set(params.queues) == set(queues)
    assert (params.now, params.lease) == (now, lease)
    extended = ExtendParams(id=1, attempt=1, now=now, lease=lease)
    assert (extended.now, extended.lease) == (now, lease)
    waiting = WaitParams(queues=queues, timeout=lease)
    assert (waiting.queues, waiting.timeout) == (params.queues, lease)


@both
def test_a_queue_named_twice_counts_once(params: WithQueues) -> None:
    assert params(queues=("b", "a", "b", "a")).queues == ("b", "a")


@both
def test_a_queue_that_is_an_enum_member_is_the_text_it_stands_for(params: WithQueues) -> None:
    class Queue(StrEnum):
        MAIL = "mail"

    (queue,) = params(queues=(Queue.MAIL,)).queues
    assert (type(queue), queue) == (str, "mail")


@both
@pytest.mark.parametrize("queues", ["default", "", b"default", ["default"], {"default"}, None])
def test_queues_that_are_no_tuple_are_refused(params: WithQueues, queues: object) -> None:
    with pytest.raises(TypeError, match=f"^queues must be a tuple of queue names, not {type(queues).__name__}$"):
        params(queues=queues)  # type: ignore[arg-type]


@both
def test_at_least_one_queue_is_named(params: WithQueues) -> None:
    with pytest.raises(ValueError, match=r"^queues must name at least one queue$"):
        params(queues=())


@both
@pytest.mark.parametrize("name", ["", "no spaces", "a" * 101])
def test_each_queue_has_a_queue_name(params: WithQueues, name: str) -> None:
    with pytest.raises(ValueError, match=r"^queues must be 1 to 100 characters"):
        params(queues=("default", name))


@both
def test_each_queue_is_a_text(params: WithQueues) -> None:
    with pytest.raises(TypeError, match=r"^queues must be a str, not int$"):
        params(queues=("default", 1))  # type: ignore[arg-type]


@with_lease
@pytest.mark.parametrize("lease", [drawn.TICK, drawn.LONGEST])
def test_a_lease_lasts_from_a_microsecond_to_366_days(build: BuildLease, lease: timedelta) -> None:
    assert build(lease).lease == lease


@with_lease
@pytest.mark.parametrize("lease", [timedelta(0), -drawn.TICK, drawn.LONGEST + drawn.TICK, timedelta.max, timedelta.min])
def test_a_shorter_or_longer_lease_is_refused(build: BuildLease, lease: timedelta) -> None:
    with pytest.raises(ValueError, match=r"^lease must be more than 0 and at most 366 days, 0:00:00, not "):
        build(lease)


@pytest.mark.parametrize("timeout", [timedelta(0), drawn.LONGEST])
def test_a_wait_lasts_from_no_time_to_366_days(timeout: timedelta) -> None:
    assert wait(timeout).timeout == timeout


@pytest.mark.parametrize("timeout", [-drawn.TICK, drawn.LONGEST + drawn.TICK])
def test_a_shorter_or_longer_wait_is_refused(timeout: timedelta) -> None:
    with pytest.raises(ValueError, match=r"^timeout must be at least 0 and at most 366 days, 0:00:00, not "):
        wait(timeout)


@pytest.mark.parametrize(("field", "build"), [("lease", claim), ("lease", extend), ("timeout", wait)])
@pytest.mark.parametrize("value", [60, 0.5, True, None, "60s"])
def test_a_duration_in_bare_numbers_is_refused(field: str, build: Callable[[timedelta], object], value: object) -> None:
    with pytest.raises(TypeError, match=f"^{field} must be a timedelta, not {type(value).__name__}$"):
        build(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("worker", ["", "a", "host.example:12/thread-3", "x" * 100])
def test_a_worker_has_a_name_of_0_to_100_characters(worker: str) -> None:
    assert ClaimParams(worker=worker).worker == worker


@pytest.mark.parametrize("worker", [" ", "a b", "x" * 101, "é", "a\n", "\0"])
def test_another_worker_is_refused(worker: str) -> None:
    with pytest.raises(ValueError, match=r"^worker must be 0 to 100 characters of A-Z a-z 0-9 \. _ : / -, not "):
        ClaimParams(worker=worker)


@pytest.mark.parametrize("worker", [None, 0, b"", False])
def test_a_worker_is_a_text(worker: object) -> None:
    with pytest.raises(TypeError, match=f"^worker must be a str, not {type(worker).__name__}$"):
        ClaimParams(worker=worker)  # type: ignore[arg-type]


def test_a_worker_that_is_an_enum_member_is_the_text_it_stands_for() -> None:
    class Worker(StrEnum):
        ONE = "one"

    worker = ClaimParams(worker=Worker.ONE).worker
    assert (type(worker), worker) == (str, "one")
