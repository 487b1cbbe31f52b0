"""The lifespan that gives a Starlette or FastAPI application its runner."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from threading import Event, Thread, current_thread
from time import monotonic
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from lazyjobs import BackendClosedError, JobRunner, NoRunnerError, RunnerStateError, current_job, current_runner
from lazyjobs.integrations.starlette import RunnerMiddleware, lifespan
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Jobs
from tests.support.backends import PlainBackend
from tests.support.jobs import A_SECOND, SOON, Do, action
from tests.support.waiting import GENEROUS

SECONDS = GENEROUS.total_seconds()


@pytest.fixture(autouse=True)
def _nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAZYJOBS_BACKEND", raising=False)


def make_runner() -> JobRunner:
    return JobRunner(MemoryBackend(), jobs=[Do], poll_interval=SOON)


def named(runner: JobRunner | None = None) -> PlainTextResponse:
    return PlainTextResponse(hex(id(runner or current_runner())))


async def in_the_loop(_: Request) -> PlainTextResponse:
    return named()


def in_a_thread(_: Request) -> PlainTextResponse:
    return named()


async def in_a_websocket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(hex(id(current_runner())))
    await socket.close()


def make_app(live: Any, **options: Any) -> Starlette:
    mounted = Starlette(routes=[Route("/thread", in_a_thread)])
    routes = [
        Route("/loop", in_the_loop),
        Route("/thread", in_a_thread),
        WebSocketRoute("/socket", in_a_websocket),
        Mount("/mounted", mounted),
    ]
    return Starlette(routes=routes, lifespan=live, **options)


@pytest.mark.parametrize("path", ["/loop", "/thread", "/mounted/thread"])
def test_the_runner_is_current_in_each_request(path: str) -> None:
    runner = make_runner()
    with TestClient(make_app(lifespan(runner))) as client:
        assert client.get(path).text == hex(id(runner))


def test_the_runner_is_current_in_a_websocket() -> None:
    runner = make_runner()
    with TestClient(make_app(lifespan(runner))) as client, client.websocket_connect("/socket") as socket:
        assert socket.receive_text() == hex(id(runner))


def test_the_runner_is_current_in_dependencies_and_background_tasks_of_fastapi() -> None:
    runner, seen = make_runner(), list[JobRunner]()
    app = FastAPI(lifespan=lifespan(runner))

    @app.get("/")
    def view(tasks: BackgroundTasks, injected: JobRunner = Depends(current_runner)) -> None:  # noqa: B008 (FastAPI's way)
        seen.append(injected)
        tasks.add_task(lambda: seen.append(current_runner()))

    with TestClient(app) as client:
        assert client.get("/").status_code == 200
    assert seen == [runner, runner]


def test_two_applications_in_one_process_each_see_their_own() -> None:
    first, second = make_runner(), make_runner()
    with TestClient(make_app(lifespan(first))) as one, TestClient(make_app(lifespan(second))) as two:
        assert (one.get("/thread").text, two.get("/thread").text) == (hex(id(first)), hex(id(second)))


def test_a_job_enqueued_by_a_request_runs_in_the_process() -> None:
    ran = Event()

    def enqueue(_: Request) -> PlainTextResponse:
        return PlainTextResponse(str(current_runner().enqueue(action(ran.set)).id))

    app = Starlette(routes=[Route("/", enqueue)], lifespan=lifespan(jobs=[Do]))
    with TestClient(app) as client:
        assert client.get("/").text == "1"
        assert ran.wait(SECONDS)


def test_nothing_configured_is_memory_and_the_variable_names_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    seen = []

    def look(_: Request) -> PlainTextResponse:
        seen.append(type(current_runner().backend).__name__)
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", look)], lifespan=lifespan(jobs=[Do]))
    for url in ("", f"sqlite:///{tmp_path}/jobs.db"):
        monkeypatch.setenv("LAZYJOBS_BACKEND", url)
        with TestClient(app) as client:
            client.get("/")
    assert seen == ["MemoryBackend", "SQLiteBackend"]


def test_a_runner_that_it_made_is_stopped_and_closed_and_the_next_startup_makes_another() -> None:
    made = list[JobRunner]()

    def make() -> JobRunner:
        made.append(JobRunner("memory://", jobs=[Do], poll_interval=SOON))
        return made[-1]

    app = make_app(lifespan(make))
    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/thread").text == hex(id(made[-1]))
            assert made[-1].running
    assert len(made) == 2
    for runner in made:
        assert not runner.running
        with pytest.raises(BackendClosedError):
            runner.enqueue(Do())


def test_a_runner_that_was_given_is_stopped_and_left_open() -> None:
    runner = JobRunner("memory://", jobs=[Do], poll_interval=SOON)
    app = make_app(lifespan(runner))
    for _ in range(2):
        with TestClient(app):
            assert runner.running
        assert not runner.running
    runner.enqueue(Do())
    runner.close()


def test_without_start_it_enqueues_only() -> None:
    runner = make_runner()
    with TestClient(make_app(lifespan(runner, start=False))) as client:
        assert client.get("/thread").text == hex(id(runner))
        assert not runner.running


def test_without_start_a_runner_that_runs_is_not_stopped() -> None:
    with make_runner() as runner:
        with TestClient(make_app(lifespan(runner, start=False))):
            pass
        assert runner.running


def test_a_runner_that_runs_already_is_refused_and_goes_on() -> None:
    with make_runner() as runner:
        with pytest.raises(RunnerStateError, match="running"), TestClient(make_app(lifespan(runner))):
            pass
        assert runner.running


def test_jobs_and_a_runner_are_one_too_many() -> None:
    with pytest.raises(TypeError, match="not both"):
        lifespan(make_runner(), jobs=[Do])


def test_the_runner_is_current_only_while_the_application_lives() -> None:
    app = make_app(lifespan(make_runner()))
    with TestClient(app):
        pass
    with pytest.raises(NoRunnerError):
        TestClient(app).get("/thread")


def test_the_applications_own_lifespan_keeps_its_state_and_sees_the_runner() -> None:
    runner, seen = make_runner(), list[tuple[str, bool]]()

    @asynccontextmanager
    async def own(_: Starlette) -> AsyncIterator[dict[str, str]]:
        assert current_runner() is runner
        seen.append(("in", runner.running))
        yield {"pool": "open"}
        assert current_runner() is runner
        seen.append(("out", runner.running))

    def show(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.pool)

    app = Starlette(routes=[Route("/", show)], lifespan=lifespan(runner, inner=own))
    with TestClient(app) as client:
        assert client.get("/").text == "open"
    assert seen == [("in", False), ("out", False)]


def test_inside_a_lifespan_of_the_applications_own_it_is_an_ordinary_context_manager() -> None:
    runner = make_runner()

    @asynccontextmanager
    async def own(app: Starlette) -> AsyncIterator[None]:
        live: AbstractAsyncContextManager[Any] = lifespan(runner)(app)
        async with live:
            yield

    with TestClient(make_app(own)) as client:
        assert client.get("/loop").text == hex(id(runner))
    assert not runner.running


def test_entered_and_left_in_two_tasks_it_works_as_test_fixtures_do_that() -> None:
    runner = make_runner()

    async def play() -> None:
        app = make_app(None)
        live: AbstractAsyncContextManager[Any] = lifespan(runner)(app)
        await asyncio.create_task(_enter(live))
        assert runner.running
        await asyncio.create_task(_leave(live))

    asyncio.run(play())
    assert not runner.running


async def _enter(live: AbstractAsyncContextManager[Any]) -> None:
    await live.__aenter__()


async def _leave(live: AbstractAsyncContextManager[Any]) -> None:
    await live.__aexit__(None, None, None)


def test_a_job_in_flight_may_end_within_the_timeout() -> None:
    started, outcome = Event(), list[str]()

    def work() -> None:
        started.set()
        assert not current_job().wait_cancelled(timedelta(milliseconds=100))
        outcome.append("done")

    with TestClient(make_app(lifespan(runner := make_runner()))):
        runner.enqueue(action(work))
        assert started.wait(SECONDS)
    assert outcome == ["done"]


def test_a_job_that_outlives_the_timeout_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    started, cancelled = Event(), Event()

    def work() -> None:
        started.set()
        if current_job().wait_cancelled(GENEROUS):
            cancelled.set()

    with TestClient(make_app(lifespan(runner := make_runner(), stop_timeout=timedelta(0)))):
        runner.enqueue(action(work))
        assert started.wait(SECONDS)
    assert cancelled.is_set()
    assert "still runs after the stop" in caplog.text


async def _ticks_during(waiting: Callable[[], Any], begun: Event, let_go: Event) -> int:
    """How often the loop comes round while `waiting` blocks, which is let go after the tenth time."""
    task = asyncio.ensure_future(waiting())
    ticks = 0
    deadline = monotonic() + SECONDS
    while ticks < 10 and monotonic() < deadline:
        await asyncio.sleep(0.001)
        ticks += begun.is_set()
    let_go.set()
    await task
    return ticks


@pytest.mark.parametrize("blocked", ["make", "start", "stop", "close"])
def test_the_event_loop_is_not_blocked(blocked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, let_go, threads = Event(), Event(), list[Thread]()
    runner = JobRunner("memory://", jobs=[Do], poll_interval=SOON)

    def make() -> JobRunner:
        return runner

    def blocking(original: Callable[..., Any]) -> Callable[..., Any]:
        def block(*arguments: Any) -> Any:
            threads.append(current_thread())
            begun.set()
            assert let_go.wait(SECONDS), "the loop stood still"
            return original(*arguments)

        return block

    if blocked == "make":
        make = blocking(make)
    else:
        monkeypatch.setattr(JobRunner, blocked, blocking(getattr(JobRunner, blocked)))
    app = make_app(None)

    async def play() -> int:
        live: AbstractAsyncContextManager[Any] = lifespan(make)(app)
        if blocked in ("make", "start"):
            ticks = await _ticks_during(live.__aenter__, begun, let_go)
            await live.__aexit__(None, None, None)
            return ticks
        await live.__aenter__()
        return await _ticks_during(lambda: live.__aexit__(None, None, None), begun, let_go)

    assert asyncio.run(play()) == 10
    assert threading.main_thread() not in threads


def test_requests_that_hold_the_whole_thread_pool_do_not_hold_the_shutdown_up() -> None:
    let_go = Event()

    async def play() -> None:
        app = make_app(None)
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        async with anyio.create_task_group() as group:
            async with lifespan(make_runner())(app):
                group.start_soon(anyio.to_thread.run_sync, let_go.wait, SECONDS)
                while not limiter.borrowed_tokens:
                    await anyio.sleep(0.001)
            assert limiter.borrowed_tokens == 1, "the request ended first"
            let_go.set()

    asyncio.run(play())


def test_a_server_that_cancels_the_lifespan_still_has_the_runner_stopped() -> None:
    runner = make_runner()

    async def play() -> None:
        app = make_app(None)
        ready = asyncio.Event()

        async def live() -> None:
            async with lifespan(runner)(app):
                ready.set()
                await asyncio.sleep(SECONDS)

        task = asyncio.create_task(live())
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(play())
    assert not runner.running


def test_so_it_has_in_a_cancelled_task_group_where_every_await_fails() -> None:
    runner = make_runner()

    async def live(ready: anyio.Event) -> None:
        async with lifespan(runner)(make_app(None)):
            ready.set()
            await anyio.sleep(SECONDS)

    async def play() -> None:
        ready = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(live, ready)
            await ready.wait()
            group.cancel_scope.cancel()

    asyncio.run(play())
    assert not runner.running


def test_what_fails_at_startup_is_raised_and_leaves_nothing_running() -> None:
    @asynccontextmanager
    async def own(app: Starlette) -> AsyncIterator[None]:
        if app.routes:
            raise LookupError("no pool")
        yield

    made = list[JobRunner]()

    def make() -> JobRunner:
        made.append(make_runner())
        return made[-1]

    with pytest.raises(LookupError, match="no pool"), TestClient(make_app(lifespan(make, inner=own))):
        pass
    assert [runner.running for runner in made] == [False]


def test_a_runner_without_jobs_is_an_error_at_startup() -> None:
    with pytest.raises(RunnerStateError, match="no queue to watch"), TestClient(make_app(lifespan())):
        pass


class Stubborn(JobRunner):
    def close(self) -> None:
        super().close()
        raise OSError("the disk is gone")


def test_an_error_of_the_shutdown_is_raised() -> None:
    with (
        pytest.raises(OSError, match="the disk is gone"),
        TestClient(make_app(lifespan(lambda: Stubborn("memory://", jobs=[Do], poll_interval=SOON)))),
    ):
        pass


@pytest.mark.logs_errors("an application failed, and so did the shutdown")
def test_an_error_of_the_shutdown_does_not_hide_one_of_the_application(caplog: pytest.LogCaptureFixture) -> None:
    @asynccontextmanager
    async def own(_: Starlette) -> AsyncIterator[None]:
        yield
        raise LookupError("the pool was not closed")

    live = lifespan(lambda: Stubborn("memory://", jobs=[Do], poll_interval=SOON), inner=own)
    with pytest.raises(LookupError, match="the pool was not closed"), TestClient(make_app(live)):
        pass
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["the disk is gone"]
    assert {record.levelno for record in caplog.records if record.exc_info} == {logging.ERROR}


def test_middleware_that_the_application_put_on_top_meanwhile_stays() -> None:
    class Outer(RunnerMiddleware):
        pass

    runner, other = make_runner(), make_runner()
    app = make_app(lifespan(runner))
    with TestClient(app):
        assert app.middleware_stack is not None
        app.middleware_stack = Outer(app.middleware_stack, other)
    assert isinstance(app.middleware_stack, Outer)


def test_entered_before_the_application_has_served_anything_it_works_too() -> None:
    runner = make_runner()
    app = make_app(lifespan(runner))

    async def play() -> str:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return (await client.get("/mounted/thread")).text

    assert asyncio.run(play()) == hex(id(runner))


def test_what_is_no_application_is_refused() -> None:
    with pytest.raises(TypeError, match="not NoneType"), TestClient(Router(lifespan=lifespan(make_runner()))):
        pass


def test_the_middleware_alone_serves_an_application_that_starts_its_runner_itself() -> None:
    runner = make_runner()
    app = make_app(None)
    app.add_middleware(RunnerMiddleware, runner=runner)
    assert TestClient(app).get("/thread").text == hex(id(runner))


def test_the_fixture_of_the_kit_stands_in_for_the_runner_of_a_lifespan(jobs: Jobs) -> None:
    runner = JobRunner("nowhere://", jobs=[Do])
    jobs.use(runner)

    def enqueue(_: Request) -> PlainTextResponse:
        return PlainTextResponse(str(current_runner().enqueue(Do(name="it"))))

    with TestClient(Starlette(routes=[Route("/", enqueue)], lifespan=lifespan(runner))) as client:
        client.get("/")
        jobs.assert_enqueued(Do, name="it", count=1)


def test_a_backend_that_has_to_be_polled_is_stopped_as_well() -> None:
    runner = JobRunner(PlainBackend(), jobs=[Do], poll_interval=A_SECOND / 100)
    with TestClient(make_app(lifespan(runner))):
        assert runner.running
    assert not runner.running
