"""An application whose lifespan makes its runner, in the hands of a test: no name of the runner is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from threading import active_count
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lazyjobs import BaseJob, JobRunner, RunnerStateError, current_runner
from lazyjobs.integrations.starlette import lifespan
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Jobs

GREETED: list[str] = []


@dataclass
class Greet(BaseJob):
    kind = "greet"
    name: str

    def work(self) -> None:
        GREETED.append(self.name)


def make_runner() -> JobRunner:
    return JobRunner("nothing-installed://host", jobs=[Greet])


def application(**options: Any) -> FastAPI:
    app = FastAPI(lifespan=lifespan(**options))

    @app.post("/greetings/{name}")
    def greet(name: str) -> int:
        return current_runner().enqueue_in(Greet(name), timedelta(hours=1)).id

    return app


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    GREETED.clear()
    with Jobs() as jobs:
        yield jobs


@pytest.mark.parametrize("options", [{"jobs": [Greet]}, {"runner": make_runner}, {"jobs": [Greet], "start": False}])
def test_a_test_runs_and_asserts_what_the_application_enqueued(jobs: Jobs, options: dict[str, Any]) -> None:
    with TestClient(application(**options)) as client:
        threads = active_count()
        assert client.post("/greetings/ada").status_code == 200
        jobs.assert_enqueued(Greet("ada"), delay=timedelta(hours=1))
        jobs.drain()
        assert GREETED == []
        jobs.run_for(timedelta(hours=1))
        assert GREETED == ["ada"]
        assert active_count() == threads
    jobs.assert_succeeded(Greet, name="ada")


def test_each_startup_of_a_test_makes_a_runner_and_they_share_what_is_stored(jobs: Jobs) -> None:
    app = application(jobs=[Greet])
    for name in ("ada", "bob"):
        with TestClient(app) as client:
            client.post(f"/greetings/{name}")
    jobs.run_for(timedelta(hours=1))
    assert sorted(GREETED) == ["ada", "bob"]


def test_a_runner_that_was_made_before_is_used_once(jobs: Jobs) -> None:
    own = jobs.use(make_runner())
    with TestClient(application(runner=lambda: own)) as client:
        client.post("/greetings/ada")
    assert len(jobs.run_for(timedelta(hours=1))) == 1


def test_the_innermost_test_has_the_runner(jobs: Jobs) -> None:
    with Jobs() as inner, TestClient(application(jobs=[Greet])) as client:
        client.post("/greetings/ada")
        inner.assert_enqueued(Greet, name="ada")
    with pytest.raises(RunnerStateError, match="no runner is used"):
        jobs.enqueued()


def test_a_runner_that_another_test_has_stays_there(jobs: Jobs) -> None:
    own = jobs.use(make_runner())
    with Jobs(), TestClient(application(runner=lambda: own)) as client:
        client.post("/greetings/ada")
        jobs.assert_enqueued(Greet, name="ada")


@pytest.mark.parametrize("given", [True, False])
def test_a_runner_that_is_given_is_its_makers_to_use(given: bool, jobs: Jobs) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Greet])
    if given:
        jobs.use(runner)
    with TestClient(application(runner=runner)) as client:
        client.post("/greetings/ada")
    assert runner.backend.stats().total == 1
    assert len(jobs.enqueued() if given else runner.backend.list()) == 1


def test_without_a_test_the_runner_is_the_applications_own() -> None:
    made: list[JobRunner] = []

    def make() -> JobRunner:
        made.append(JobRunner(MemoryBackend(), jobs=[Greet]))
        return made[0]

    with TestClient(application(runner=make)) as client:
        client.post("/greetings/ada")
        assert made[0].running
        assert made[0].backend.stats().total == 1
