"""The control plane as routes of a Starlette application."""

import asyncio
import threading

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from lazyjobs import JobRunner
from lazyjobs.control.starlette import routes
from tests.support.backends import PlainBackend
from tests.support.control import FAILURE, SECRET, make_failing_runner, make_runner


def request(app: Starlette, path: str = "/jobs", method: str = "GET") -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(send())


def test_get_answers_the_snapshot_as_json() -> None:
    runner = make_runner()
    response = request(Starlette(routes=routes(runner)))
    assert response.status_code == 200
    assert response.content == msgspec.json.encode(runner.snapshot())
    assert dict(response.headers) == {
        "content-type": "application/json",
        "content-length": str(len(response.content)),
        "cache-control": "no-store",
    }
    assert response.json()["stats"]["by_state"] == {"pending": 2}


def test_no_payload_is_shown() -> None:
    text = request(Starlette(routes=routes(make_runner()))).text
    assert "payload" not in text
    assert SECRET not in text


def test_mounted_under_a_prefix_it_leaves_the_other_routes_alone() -> None:
    def home(_: Request) -> PlainTextResponse:
        return PlainTextResponse("home")

    app = Starlette(routes=[Route("/", home), Mount("/internal", routes=routes(make_runner()))])
    assert request(app, "/internal/jobs").json()["running"] is False
    assert request(app, "/").text == "home"
    assert request(app, "/jobs").status_code == 404
    assert app.url_path_for("lazyjobs") == "/internal/jobs"


def test_mounted_as_an_application_of_its_own_it_serves_its_path_below() -> None:
    app = Starlette(routes=[Mount("/internal", Starlette(routes=routes(make_runner())))])
    assert request(app, "/internal/jobs").status_code == 200


def test_two_runners_are_shown_in_two_places() -> None:
    idle, empty = make_runner(), JobRunner(PlainBackend())
    app = Starlette(routes=[Mount("/idle", routes=routes(idle)), Mount("/empty", routes=routes(empty))])
    assert request(app, "/idle/jobs").json()["stats"]["total"] == 2
    assert request(app, "/empty/jobs").json()["stats"]["total"] == 0


def test_head_is_answered_and_other_methods_are_refused() -> None:
    app = Starlette(routes=routes(make_runner()))
    assert request(app, method="HEAD").headers == request(app).headers
    refused = request(app, method="POST")
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.usefixtures("caplog")
def test_a_failing_backend_is_a_500_of_one_line() -> None:
    response = request(Starlette(routes=routes(make_failing_runner())))
    assert (response.status_code, response.content) == (500, FAILURE)
    assert response.headers["content-type"].startswith("text/plain")
    assert response.headers["cache-control"] == "no-store"


def test_the_backend_is_not_asked_in_the_thread_of_the_event_loop() -> None:
    asked_in: set[threading.Thread] = set()
    runner = JobRunner(PlainBackend(lambda _: asked_in.add(threading.current_thread())))
    assert request(Starlette(routes=routes(runner))).status_code == 200
    assert asked_in
    assert threading.current_thread() not in asked_in
