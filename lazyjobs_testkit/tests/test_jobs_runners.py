"""The runners of an application in the hands of a test, and given back."""

from collections.abc import Iterator
from threading import active_count

import pytest

from lazyjobs import BaseJob, JobRunner, RunnerStateError, UnknownKindError
from lazyjobs.runner import hand_over
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Jobs

RAN: list[str] = []


class Sweep(BaseJob):
    kind = "sweep"

    def work(self) -> None:
        RAN.append(self.kind)


class Dust(BaseJob):
    kind = "dust"
    job_queue = "slow"

    def work(self) -> None:
        RAN.append(self.kind)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    RAN.clear()
    with Jobs() as jobs:
        yield jobs


def test_a_runner_is_given_back_as_it_was() -> None:
    own = MemoryBackend()
    runner = JobRunner(own, jobs=[Sweep])
    with Jobs(runner) as jobs:
        runner.enqueue(Sweep())
        assert runner.backend is not own
        assert jobs.runner is runner
    assert runner.backend is own
    assert own.stats().total == 0


def test_a_backend_that_cannot_be_reached_is_not_asked() -> None:
    runner = JobRunner("nothing-installed://host", jobs=[Sweep])
    with Jobs(runner) as jobs:
        runner.enqueue(Sweep())
        assert len(jobs.drain()) == 1


def test_without_an_application_there_is_a_runner_of_its_own(jobs: Jobs) -> None:
    jobs.runner.register(Sweep)
    jobs.runner.enqueue(Sweep())
    jobs.drain()
    assert RAN == ["sweep"]
    assert jobs.runner is jobs.runner


def test_without_any_runner_there_is_nothing_to_drain_nor_to_find(jobs: Jobs) -> None:
    for verb in (jobs.drain, jobs.enqueued, jobs.assert_not_enqueued):
        with pytest.raises(RunnerStateError, match=r"call jobs.use\(runner\)"):
            verb()
    assert repr(jobs) == "<Jobs manual, no runner>"


def test_a_class_that_no_runner_has_is_an_error_and_not_merely_absent(jobs: Jobs) -> None:
    jobs.use(JobRunner(jobs=[Sweep]))
    for verb in (jobs.enqueued, jobs.assert_enqueued, jobs.assert_not_enqueued):
        with pytest.raises(UnknownKindError, match=r"'dust' \(registered: sweep\)"):
            verb(Dust)


def test_using_a_runner_twice_is_using_it_once(jobs: Jobs) -> None:
    runner = JobRunner(jobs=[Sweep])
    assert jobs.use(runner) is jobs.use(runner) is runner
    runner.enqueue(Sweep())
    assert len(jobs.drain()) == 1


def test_an_application_that_starts_and_stops_its_runner_starts_no_worker(jobs: Jobs) -> None:
    runner = jobs.use(JobRunner(jobs=[Sweep], workers=4))
    threads = active_count()
    for _ in range(2):
        with runner:
            runner.enqueue(Sweep())
            assert (runner.running, active_count()) == (True, threads)
    assert RAN == []
    jobs.drain()
    assert RAN == ["sweep", "sweep"]


def test_an_application_that_drains_its_runner_runs_the_jobs_in_the_hands_of_the_test(jobs: Jobs) -> None:
    class Broken(BaseJob):
        kind = "broken"

        def work(self) -> None:
            raise LookupError("really")

    runner = jobs.use(JobRunner(jobs=[Sweep, Broken]))
    runner.enqueue(Sweep())
    assert runner.drain()
    assert RAN == ["sweep"]
    runner.enqueue(Broken())
    with pytest.raises(LookupError, match="really"):
        runner.drain()


def test_an_application_that_configures_a_backend_keeps_the_one_of_the_test(jobs: Jobs) -> None:
    runner = jobs.use(JobRunner(jobs=[Sweep]))
    runner.configure(backend="nothing-installed://host")
    runner.enqueue(Sweep())
    jobs.assert_enqueued(Sweep)


def test_several_runners_share_what_is_stored(jobs: Jobs) -> None:
    first, second = jobs.use(JobRunner(jobs=[Sweep])), jobs.use(JobRunner(jobs=[Dust]))
    second.enqueue(Dust())
    first.enqueue(Sweep())
    assert len(jobs.drain()) == 2
    assert RAN == ["sweep", "dust"]
    assert jobs.runner is first


def test_what_a_job_enqueues_for_another_runner_is_run_by_that(jobs: Jobs) -> None:
    class Tidy(BaseJob):
        kind = "tidy"
        job_queue = "slow"

        def work(self) -> None:
            first.enqueue(Sweep())

    first, second = jobs.use(JobRunner(jobs=[Sweep])), jobs.use(JobRunner(jobs=[Tidy]))
    second.enqueue(Tidy())
    assert [attempt.record.kind for attempt in jobs.drain()] == ["tidy", "sweep"]
    assert jobs.waiting() == []


def test_a_runner_that_only_enqueues_runs_nothing(jobs: Jobs) -> None:
    web = jobs.use(JobRunner(jobs=[Sweep, Dust]), works=False)
    web.enqueue(Sweep())
    worker = jobs.use(JobRunner(jobs=[Dust, Sweep], queues=["slow"]))
    web.enqueue(Dust())
    jobs.drain()
    assert RAN == ["dust"]
    assert jobs.runner is worker
    jobs.assert_enqueued(Sweep)


def test_one_test_at_a_time_has_a_runner(jobs: Jobs) -> None:
    runner = jobs.use(JobRunner(jobs=[Sweep]))
    with pytest.raises(RunnerStateError, match="overridden already"), Jobs(runner):
        raise AssertionError("entered")


def test_a_jobs_that_could_not_be_entered_takes_no_runner_later(jobs: Jobs) -> None:
    runner = jobs.use(JobRunner(jobs=[Sweep]))
    refused = Jobs(runner)
    with pytest.raises(RunnerStateError), refused:
        raise AssertionError("entered")
    made = JobRunner(jobs=[Dust])
    hand_over(made)
    made.enqueue(Dust())
    jobs.assert_enqueued(Dust, count=1)
    with pytest.raises(RunnerStateError, match="is not entered"):
        refused.use(made)


def test_an_application_that_runs_longer_than_the_test_is_in_its_hands_for_the_test() -> None:
    RAN.clear()
    with JobRunner(jobs=[Sweep], workers=2) as runner:
        for _ in range(2):
            with Jobs(runner) as jobs:
                runner.enqueue(Sweep())
                assert (runner.running, RAN) == (True, [])
                jobs.assert_enqueued(Sweep, count=1)
        assert runner.running


def test_it_is_entered_before_it_is_used() -> None:
    with pytest.raises(RunnerStateError, match="is not entered"):
        Jobs().use(JobRunner(jobs=[Sweep]))
