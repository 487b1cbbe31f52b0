"""What a test asserts of its jobs, and what it is told when that does not hold."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_type
from unittest.mock import ANY

import attrs
import msgspec
import pytest

from lazyjobs import BaseJob, InsertParams, Job, JobRunner, State, UnknownKindError
from lazyjobs_testkit import Jobs
from lazyjobs_testkit.jobs import Enqueued

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Welcome(BaseJob):
    kind = "mail.welcome"
    address: str
    locale: str = "en"

    def work(self) -> None: ...


class Charge(msgspec.Struct, BaseJob):
    kind = "billing.charge"
    job_queue = "billing"
    job_max_attempts = 2
    invoice: int

    def work(self) -> None:
        raise TimeoutError("the bank is closed")


@attrs.frozen
class Export(BaseJob):
    """Has fields of the names of options."""

    kind = "export"
    queue: str
    count: int = 1

    def work(self) -> None: ...


@dataclass
class Report(BaseJob):
    """Has fields of the names of options that are rarely given."""

    kind = "report"
    state: str
    within: str

    def work(self) -> None: ...


class Sweep(BaseJob):
    kind = "sweep"

    def work(self) -> None: ...


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with Jobs(JobRunner(jobs=[Welcome, Charge, Export, Report, Sweep]), now=NOW) as jobs:
        yield jobs


def failure(of: pytest.ExceptionInfo[AssertionError]) -> list[str]:
    return str(of.value).splitlines()


def test_the_lists_hold_typed_jobs_in_the_order_of_enqueuing(jobs: Jobs) -> None:
    for address in ("ada", "bob"):
        jobs.runner.enqueue(Welcome(address))
    jobs.runner.enqueue(Sweep())
    welcomes = assert_type(jobs.enqueued(Welcome), list[Welcome])
    assert [job.address for job in welcomes] == ["ada", "bob"]
    assert len(assert_type(jobs.enqueued(), list[Job])) == 3
    assert [record.kind for record in jobs.records()] == ["mail.welcome", "mail.welcome", "sweep"]


@pytest.mark.logs_errors("billing.charge discarded id=")
def test_each_state_has_its_list(jobs: Jobs) -> None:
    jobs.runner.enqueue(Welcome("ada"))
    jobs.runner.enqueue(Charge(1))
    jobs.drain(tolerate=TimeoutError)
    assert jobs.succeeded(Welcome) == [Welcome("ada")]
    assert jobs.retrying(Charge) == jobs.waiting(Charge) == [Charge(1)]
    jobs.run_for(HOUR, tolerate=TimeoutError)
    assert jobs.discarded(Charge) == [Charge(1)]
    assert jobs.waiting() == []
    assert len(jobs.enqueued()) == 2


def test_a_class_and_the_fields_that_matter_find_a_job_and_its_record(jobs: Jobs) -> None:
    stored = jobs.runner.enqueue(Welcome("ada", "fr"))
    found = assert_type(jobs.assert_enqueued(Welcome, address="ada"), Enqueued[Welcome])
    assert found == Enqueued(Welcome("ada", "fr"), stored, first_due=NOW)


def test_a_job_is_found_by_all_of_its_fields(jobs: Jobs) -> None:
    jobs.runner.enqueue(Welcome("ada"))
    assert assert_type(jobs.assert_enqueued(Welcome("ada")), Enqueued[Welcome]).job == Welcome("ada")
    jobs.assert_not_enqueued(Welcome("ada", "fr"))
    with pytest.raises(AssertionError, match="locale is 'en', not 'fr'"):
        jobs.assert_enqueued(Welcome("ada", "fr"))


def test_what_compares_equal_is_equal(jobs: Jobs) -> None:
    jobs.runner.enqueue(Welcome("ada"))
    jobs.assert_enqueued(Welcome, address=ANY, locale="en")
    jobs.assert_enqueued(Welcome(ANY))


def test_a_job_that_has_run_was_enqueued_all_the_same(jobs: Jobs) -> None:
    jobs.runner.enqueue(Welcome("ada"))
    jobs.drain()
    assert jobs.assert_enqueued(Welcome).record.state is State.SUCCEEDED


def test_the_queue_and_the_time_can_be_asserted(jobs: Jobs) -> None:
    jobs.runner.enqueue(Charge(1))
    jobs.runner.enqueue_in(Charge(2), HOUR, queue="bulk")
    jobs.assert_enqueued(Charge, invoice=1, queue="billing", delay=timedelta(0))
    jobs.assert_enqueued(Charge, queue="bulk", run_at=NOW + HOUR)
    jobs.assert_enqueued(Charge, delay=HOUR)
    jobs.assert_not_enqueued(Charge, invoice=1, queue="bulk")


def test_when_a_job_was_to_run_is_known_after_its_retries_too(jobs: Jobs) -> None:
    jobs.runner.enqueue_in(Charge(1), HOUR)
    jobs.run_for(HOUR, tolerate=TimeoutError)
    assert jobs.assert_enqueued(Charge, delay=HOUR, run_at=NOW + HOUR).record.run_at > NOW + HOUR


def test_a_time_of_the_real_clock_is_met_within_what_is_given(jobs: Jobs) -> None:
    jobs.runner.enqueue_at(Charge(1), NOW + HOUR + timedelta(seconds=2))
    jobs.assert_enqueued(Charge, run_at=NOW + HOUR, within=timedelta(seconds=2))
    with pytest.raises(AssertionError, match=r"the delay is 1:00:02, not 1:00:00 \(within 0:00:01\)"):
        jobs.assert_enqueued(Charge, delay=HOUR, within=timedelta(seconds=1))


@pytest.mark.logs_errors("billing.charge discarded id=")
def test_what_became_of_a_job_can_be_asserted(jobs: Jobs) -> None:
    jobs.runner.enqueue(Welcome("ada"))
    jobs.runner.enqueue(Charge(1))
    jobs.drain(tolerate=TimeoutError)
    jobs.assert_succeeded(Welcome, address="ada", attempt=1)
    assert jobs.assert_retrying(Charge, attempt=1, error="TimeoutError").record.run_at == NOW + timedelta(seconds=1)
    jobs.run_for(HOUR, tolerate=TimeoutError)
    jobs.assert_discarded(Charge, invoice=1, attempt=2, error="the bank is closed")


def test_a_failure_shows_what_was_enqueued_instead_the_nearest_first(jobs: Jobs) -> None:
    jobs.runner.enqueue(Sweep())
    jobs.runner.enqueue(Welcome("ada", "fr"))
    jobs.runner.enqueue_in(Welcome("bob"), HOUR, queue="mail")
    with pytest.raises(AssertionError) as raised:
        jobs.assert_enqueued(Welcome, address="bob", queue="default", delay=HOUR)
    assert failure(raised) == [
        "no Welcome with address='bob', queue='default', delay=1:00:00 was enqueued; what was enqueued:",
        "  Welcome(address='bob', locale='en') on mail, pending, due in 1:00:00",
        "    the queue is 'mail', not 'default'",
        "  Welcome(address='ada', locale='fr') on default, pending, due",
        "    address is 'ada', not 'bob'",
        "    the delay is 0:00:00, not 1:00:00",
        "  Sweep() on default, pending, due",
    ]


def test_a_failure_shows_what_became_of_the_jobs(jobs: Jobs) -> None:
    jobs.runner.enqueue(Charge(1))
    jobs.drain(tolerate=TimeoutError)
    with pytest.raises(AssertionError) as raised:
        jobs.assert_discarded(Charge, error="no money")
    assert failure(raised) == [
        "no Charge with error='no money' was discarded; what was enqueued:",
        "  Charge(invoice=1) on billing, retrying, due in 0:00:01, attempt 1 of 2, TimeoutError: the bank is closed",
        "    the state is retrying, not discarded",
        "    the last error is 'TimeoutError: the bank is closed', without 'no money'",
    ]


def test_a_failure_says_that_nothing_was_enqueued_at_all(jobs: Jobs) -> None:
    with pytest.raises(AssertionError, match=r"^no Welcome was enqueued; nothing was enqueued at all$"):
        jobs.assert_enqueued(Welcome)


def test_long_values_and_long_lists_are_cut(jobs: Jobs) -> None:
    for number in range(25):
        jobs.runner.enqueue(Welcome(f"{number}" * 1000))
    with pytest.raises(AssertionError) as raised:
        jobs.assert_enqueued(Sweep)
    lines = failure(raised)
    assert lines[-1] == "  and 5 more"
    assert max(len(line) for line in lines) < 400


def test_a_count_that_is_not_met_shows_those_that_were_found(jobs: Jobs) -> None:
    jobs.runner.enqueue(Welcome("ada"))
    jobs.runner.enqueue(Welcome("ada"))
    jobs.assert_enqueued(Welcome, count=2)
    with pytest.raises(AssertionError) as raised:
        jobs.assert_enqueued(Welcome, address="ada", count=1)
    assert failure(raised)[0] == "2 of Welcome with address='ada' were enqueued, not 1:"
    assert len(failure(raised)) == 3
    with pytest.raises(ValueError, match="assert_not_enqueued"):
        jobs.assert_enqueued(Welcome, count=0)


def test_what_should_not_have_been_enqueued_is_shown(jobs: Jobs) -> None:
    jobs.assert_not_enqueued()
    jobs.runner.enqueue(Welcome("ada"))
    jobs.assert_not_enqueued(Sweep)
    jobs.assert_not_enqueued(Welcome, address="bob")
    assertions: list[Callable[[], None]] = [lambda: jobs.assert_not_enqueued(Welcome), jobs.assert_not_enqueued]
    for assertion in assertions:
        with pytest.raises(AssertionError, match=re.escape("was enqueued:\n  Welcome(address='ada', locale='en')")):
            assertion()


@pytest.mark.parametrize("verb", ["enqueued", "not_enqueued", "succeeded", "retrying", "discarded"])
def test_a_field_that_does_not_exist_is_an_error_and_not_a_mismatch(jobs: Jobs, verb: str) -> None:
    with pytest.raises(TypeError, match="Welcome has no field 'adress'; its fields: address, locale"):
        getattr(jobs, f"assert_{verb}")(Welcome, adress="ada")


def test_a_field_named_as_an_option_is_given_in_the_mapping_of_fields(jobs: Jobs) -> None:
    jobs.runner.enqueue(Export("a", 2), queue="b")
    with pytest.raises(TypeError, match="queue is a field of Export and an option too"):
        jobs.assert_enqueued(Export, queue="a")
    jobs.assert_enqueued(Export, fields={"queue": "a", "count": 2}, queue="b")
    jobs.assert_enqueued(Export("a", 2), queue="b", count=1)
    jobs.assert_not_enqueued(Export, fields={"queue": "b"})


def test_a_count_is_an_option_too(jobs: Jobs) -> None:
    jobs.runner.enqueue(Export("a", 2))
    with pytest.raises(TypeError, match="count is a field of Export and an option too"):
        jobs.assert_enqueued(Export, count=2)


def test_an_option_that_is_not_given_leaves_the_name_to_the_field(jobs: Jobs) -> None:
    jobs.runner.enqueue(Report("done", "a day"))
    jobs.drain()
    jobs.assert_enqueued(Report)
    jobs.assert_succeeded(Report, state="done", within="a day")


def test_a_job_takes_no_fields_beside_its_own(jobs: Jobs) -> None:
    with pytest.raises(TypeError, match="says all of its fields already"):
        jobs.assert_enqueued(Welcome("ada"), locale="en")


def test_a_time_without_a_zone_is_refused(jobs: Jobs) -> None:
    with pytest.raises(TypeError, match="has no time zone"):
        jobs.assert_enqueued(Welcome, run_at=datetime(2030, 1, 1))  # noqa: DTZ001


def test_what_is_cleared_is_neither_run_nor_found(jobs: Jobs) -> None:
    jobs.clear()
    jobs.runner.enqueue(Charge(1))
    jobs.runner.enqueue_in(Charge(2), HOUR, queue="elsewhere")
    jobs.clear()
    jobs.clear()
    assert jobs.run_for(2 * HOUR) == []
    jobs.assert_not_enqueued()
    jobs.runner.enqueue(Welcome("ada"))
    assert jobs.enqueued(Welcome) == [Welcome("ada")]


def test_a_record_that_no_runner_knows_is_named(jobs: Jobs) -> None:
    jobs.runner.backend.insert(InsertParams(kind="gone"))
    with pytest.raises(UnknownKindError, match="'gone'"):
        jobs.enqueued()


def test_it_shows_how_many_there_are(jobs: Jobs) -> None:
    jobs.runner.enqueue(Sweep())
    assert repr(jobs) == "<Jobs manual, 1 enqueued, 1 waiting>"
