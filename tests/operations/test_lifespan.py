"""An application with a lifespan, on each backend in turn."""

from dataclasses import dataclass
from threading import Event
from typing import ClassVar

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lazyjobs import Backend, BaseJob, State, current_runner
from lazyjobs.integrations.starlette import lifespan
from tests.support.waiting import GENEROUS


@dataclass
class Greet(BaseJob):
    kind = "greet"
    greeted: ClassVar[Event]
    name: str

    def work(self) -> None:
        self.greeted.set()


def greet(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(current_runner().enqueue(Greet(request.path_params["name"])).id))


def test_a_request_enqueues_and_a_worker_beside_it_works(
    backend_url: str, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAZYJOBS_BACKEND", backend_url)
    Greet.greeted = Event()
    app = Starlette(routes=[Route("/{name}", greet, methods=["POST"])], lifespan=lifespan(jobs=[Greet]))
    with TestClient(app) as client:
        id = int(client.post("/ada").text)
        assert Greet.greeted.wait(GENEROUS.total_seconds())
    (record,) = backend.list()
    assert (record.id, record.state, record.kind) == (id, State.SUCCEEDED, "greet")
