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
from tests.support.control import (
    FAILURE,
    GUARDED,
    SECRET,
    TOKEN,
    make_discarded,
    make_failing_runner,
    make_runner,
)


def request(app: Starlette, path: str = "/jobs", method: str = "GET", **headers: str) -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


def test_get_answers_the_snapshot_as_json() -> None:
    runner = make_runner()
    response = request(Starlette(routes=routes(runner)))
    assert response.status_code == 200
    assert response.content == msgspec.json.encode(runner.snapshot())
    assert dict(response.headers) == {
        "content-type": "application/json",
        "content-length": str(len(response.content)),
        **{name.lower(): value for name, value in GUARDED.items()},
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
@pytest.mark.logs_errors("could not make a snapshot")
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


def test_browsers_get_the_page_where_it_was_asked_for() -> None:
    with_page, without = Starlette(routes=routes(make_runner(), page=True)), Starlette(routes=routes(make_runner()))
    assert request(with_page, Accept="text/html").text.startswith("<!doctype html>")
    assert request(with_page).json()["running"] is False
    assert request(without, Accept="text/html").json()["running"] is False


def test_a_discarded_record_is_requeued_below_the_prefix() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    app = Starlette(routes=[Mount("/internal", routes=routes(runner, page=True))])
    response = request(app, f"/internal/jobs/{discarded.id}/requeue", "POST")
    assert response.status_code == 201
    assert runner.backend.stats().by_queue == {"default": 2, "mail": 2}
    assert request(app, f"/internal/jobs/{discarded.id}/requeue", "POST").status_code == 409
    assert request(app, "/internal/jobs/999/requeue", "POST").status_code == 404
    assert request(app, "/internal/jobs/x/requeue", "POST").status_code == 404
    assert request(app, f"/internal/jobs/{discarded.id}/requeue").status_code == 405


def test_without_the_page_nothing_can_be_requeued_unless_that_is_asked_for() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    path = f"/jobs/{discarded.id}/requeue"
    assert request(Starlette(routes=routes(runner)), path, "POST").status_code == 404
    assert request(Starlette(routes=routes(runner, page=True, requeue=False)), path, "POST").status_code == 404
    assert request(Starlette(routes=routes(runner, requeue=True)), path, "POST").status_code == 201


def test_the_query_and_the_token_reach_the_control_plane() -> None:
    app = Starlette(routes=routes(make_runner(), token=TOKEN))
    assert request(app).status_code == 401
    allowed = request(app, "/jobs?state=discarded", Authorization=f"Bearer {TOKEN}")
    assert allowed.json()["recent"] == []
    assert allowed.json()["stats"]["total"] == 2


@pytest.mark.parametrize("options", [{}, {"page": True}], ids=["read-only", "with the page"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "<B>"])
@pytest.mark.parametrize("path", ["/jobs", "/metrics", "/jobs/1/requeue", "/jobs/x/requeue"])
def test_every_answer_has_every_header(method: str, path: str, options: dict[str, bool]) -> None:
    app = Starlette(routes=routes(make_runner(), page=options.get("page", False)))
    response = request(app, path, method)
    assert {name.lower(): value for name, value in GUARDED.items()}.items() <= dict(response.headers).items()
    assert response.status_code in (200, 404, 405, 409)
    assert "<B>" not in response.text


@pytest.mark.parametrize(
    ("host", "status"),
    [("ops.example", 200), ("OPS.example:8000", 200), ("evil@ops.example", 421), ("ops.example:", 421), ("", 421)],
)
def test_where_hosts_are_named_no_other_is_served(host: str, status: int) -> None:
    app = Starlette(routes=routes(make_runner(), hosts=["ops.example"]))
    assert request(app, host=host).status_code == status


def test_two_hosts_are_none_of_those_that_are_named() -> None:
    app = Starlette(routes=routes(make_runner(), hosts=["ops.example"]))

    async def send() -> httpx.Response:
        headers = [("Host", "ops.example"), ("Host", "evil.example")]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/jobs", headers=headers)

    assert asyncio.run(send()).status_code == 421
