"""The control plane and its page on every backend: mounted, served beside a worker, and served alone."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sysconfig
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError

import httpx
import pytest
from starlette.applications import Starlette

from lazyjobs import Backend, BaseJob, JobRunner, State
from lazyjobs.control import serve, wsgi_app
from lazyjobs.control.starlette import routes
from lazyjobs.jobs import mark_copy
from tests.support.operations import across_processes
from tests.support.waiting import GENEROUS, wait_until

TIMEOUT = GENEROUS.total_seconds()
TOKEN = "a-token-of-some-length"
SECRET = "not to be shown"
PAGE = {"Accept": "text/html"}

Ask = Callable[..., httpx.Response]


@dataclass
class Fail(BaseJob):
    kind: ClassVar[str] = "mail.send"
    job_queue: ClassVar[str] = "mail"
    job_max_attempts: ClassVar[int] = 1
    secret: str = SECRET

    def work(self) -> None:
        raise ValueError("<b>no</b>")


@pytest.fixture
def runner(backend: Backend) -> JobRunner:
    """A runner that has discarded one job."""
    runner = JobRunner(backend, jobs=[Fail])
    runner.enqueue(Fail())
    runner.drain()
    return runner


@contextmanager
def mounted_as_wsgi(runner: JobRunner) -> Iterator[Ask]:
    with httpx.Client(transport=httpx.WSGITransport(wsgi_app(runner, page=True)), base_url="http://test") as client:
        yield client.request


@contextmanager
def mounted_in_starlette(runner: JobRunner) -> Iterator[Ask]:
    app = Starlette(routes=routes(runner, page=True))

    def ask(method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    yield ask


@contextmanager
def served_alone(runner: JobRunner) -> Iterator[Ask]:
    with (
        serve(runner.backend, "127.0.0.1", 0) as (host, port),
        httpx.Client(base_url=f"http://{host}:{port}") as client,
    ):
        yield client.request


@pytest.mark.parametrize("way", [mounted_as_wsgi, mounted_in_starlette, served_alone])
@pytest.mark.logs_errors("mail.send discarded id=")
def test_a_discarded_record_is_seen_and_requeued(runner: JobRunner, way: Callable[[JobRunner], Any]) -> None:
    (discarded,) = runner.backend.list()
    with way(runner) as ask:
        shown = ask("GET", "/jobs").json()
        assert shown["stats"]["by_state"] == {"discarded": 1}
        assert shown["recent"][0]["last_error"] == "ValueError: <b>no</b>"
        page = ask("GET", "/jobs", headers=PAGE)
        assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page.text
        assert f'action="jobs/{discarded.id}/requeue"' in page.text
        assert SECRET not in page.text
        answer = ask("POST", f"/jobs/{discarded.id}/requeue")
        assert answer.status_code == 201
        assert ask("POST", f"/jobs/{discarded.id}/requeue").status_code == 409
        assert ask("POST", "/jobs/1/requeue").status_code in (404, 409)
    copy = next(record for record in runner.backend.list() if record.id == answer.json()["id"])
    assert (copy.kind, copy.queue, copy.payload, copy.state) == (
        discarded.kind,
        discarded.queue,
        mark_copy(discarded.payload, discarded.id),
        State.PENDING,
    )
    with way(runner) as ask:
        again = ask("POST", f"/jobs/{discarded.id}/requeue")
    assert again.text == f"record {discarded.id} was requeued already, as record {copy.id}\n"
    runner.drain()
    assert runner.backend.stats().by_state == {State.DISCARDED: 2}


def read(url: str, token: str | None = None) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return json.load(response)


def read_text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        text: bytes = response.read()
    return text.decode()


@contextmanager
def command(*arguments: str, home: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The command `lazyjobs control` as a process, and where it serves."""
    script = Path(sysconfig.get_path("scripts")) / "lazyjobs"
    log = home / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [script, "control", "--listen", "127.0.0.1:0", *arguments],
            cwd=home,
            env={**os.environ, **environment},
            stderr=stream,
        )
    try:
        wait_until(lambda: "/jobs\n" in log.read_text() or process.poll() is not None, what="the control plane")
        found = re.search(r"http://127\.0\.0\.1:\d+/jobs", log.read_text())
        assert found, log.read_text()
        yield process, found[0]
    finally:
        process.kill()
        process.wait()


@across_processes
@pytest.mark.logs_errors("mail.send discarded id=")
def test_the_command_serves_a_backend_alone_until_it_is_told_to_stop(
    backend_url: str, runner: JobRunner, tmp_path: Path
) -> None:
    with command("--backend", backend_url, home=tmp_path) as (process, url):
        shown = read(url)
        assert shown["running"] is False
        assert shown["definitions"] == []
        assert shown["stats"]["by_kind"] == {"mail.send": 1}
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0


@pytest.mark.parametrize("more", [[], ["--app", "shop:runner"]], ids=["alone", "application"])
@across_processes
@pytest.mark.logs_errors("mail.send discarded id=")
def test_with_prometheus_the_command_serves_how_many_records_there_are(
    backend_url: str, runner: JobRunner, tmp_path: Path, more: list[str]
) -> None:
    (tmp_path / "shop.py").write_text("from lazyjobs import JobRunner\n\nrunner = JobRunner()\n")
    with command("--backend", backend_url, "--prometheus", *more, home=tmp_path) as (_, url):
        lines = read_text(url.replace("/jobs", "/metrics")).splitlines()
    counted = [line for line in lines if line.startswith("lazyjobs_records{") and 'state="discarded"' in line]
    assert [line.rpartition(" ")[2] for line in counted] == ["1.0"]


@across_processes
@pytest.mark.logs_errors("mail.send discarded id=")
def test_the_command_takes_the_backend_and_the_token_from_the_environment_and_shows_an_application(
    backend_url: str, runner: JobRunner, tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text(
        "from lazyjobs import BaseJob, JobRunner\n\n"
        "class Send(BaseJob):\n    kind = 'mail.send'\n    def work(self): ...\n\n"
        "runner = JobRunner(jobs=[Send])\n"
    )
    environment = {"LAZYJOBS_BACKEND": backend_url, "LAZYJOBS_CONTROL_TOKEN": TOKEN}
    with command("--app", "shop:runner", home=tmp_path, **environment) as (process, url):
        with pytest.raises(HTTPError, match="401"):
            read(url)
        shown = read(url, TOKEN)
        assert shown["definitions"] == [
            {"kind": "mail.send", "type": "shop.Send", "queue": "default", "max_attempts": 25}
        ]
        assert shown["stats"]["by_state"] == {"discarded": 1}
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0
    assert TOKEN not in (tmp_path / "log").read_text()
