"""What the control plane shows holds no payload and no password of a URL, whoever wrote it into a text."""

import pytest

from lazyjobs import BackendUnavailableError, JobRunner, Record
from lazyjobs.control._plane import ControlPlane
from lazyjobs.runner import mask_urls
from lazyjobs.telemetry.prometheus import Prometheus
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.control import SECRET, ask, make_discarded

PASSWORD = "hunter2"
TYPES = ["application/json", "text/html", "application/vnd.lazyjobs.page+json"]
QUOTED = {
    f"no answer from postgres://me:{PASSWORD}@db.example:5432/jobs": "no answer from postgres://me:***@db.example:5432/jobs",
    f"'sqlite+x://me:{PASSWORD}@h/a' and \"redis://:{PASSWORD}@h\"": "'sqlite+x://me:***@h/a' and \"redis://:***@h\"",
    f"(amqp://me:{PASSWORD}@h)": "(amqp://me:***@h)",
    f"https://h/a?token={PASSWORD}&page=2": "https://h/a?token=***&page=2",
    f"two\nlines: mysql://me:{PASSWORD}@h\nand more": "two\nlines: mysql://me:***@h\nand more",
    "https://example.org/a?page=2#here": "https://example.org/a?page=2#here",
    "no URL: a@b:c": "no URL: a@b:c",
    "://": "://",
}


@pytest.mark.parametrize(("text", "masked"), QUOTED.items())
def test_a_password_is_masked_in_every_url_of_a_text(text: str, masked: str) -> None:
    assert mask_urls(text) == masked


def test_a_long_text_is_read_once() -> None:
    for text in ("a" * 200_000 + "://", "a." * 100_000 + "://", "a://" * 50_000, "://" * 50_000):
        mask_urls(text)


def discard(backend: MemoryBackend | PlainBackend, error: str) -> Record:
    return make_discarded(backend, error)


@pytest.mark.parametrize("accept", TYPES)
def test_an_error_that_quotes_a_url_is_shown_without_its_password(accept: str) -> None:
    backend = MemoryBackend()
    make_discarded(backend, f"ConnectionError: postgres://me:{PASSWORD}@db/jobs does not answer")
    body = ask(ControlPlane(backend, page=True), accept=accept).body.decode()
    assert PASSWORD not in body
    assert "postgres://me:***@db/jobs does not answer" in body
    assert SECRET not in body


@pytest.mark.parametrize("path", ["/jobs", "/jobs/1/requeue"])
@pytest.mark.parametrize("accept", TYPES)
@pytest.mark.logs_errors("could not make a snapshot", "could not requeue record")
def test_a_backend_that_fails_is_told_of_without_its_password(accept: str, path: str) -> None:
    def fail(_: str) -> None:
        raise BackendUnavailableError(f"cannot connect to postgres://me:{PASSWORD}@db/jobs")

    plane = ControlPlane(PlainBackend(fail), page=True)
    answer = ask(plane, path, method="GET" if path == "/jobs" else "POST", accept=accept)
    assert answer.status == 500
    assert PASSWORD not in answer.body.decode()
    assert "cannot connect to postgres://me:***@db/jobs" in answer.body.decode()


def test_the_metrics_name_queues_and_kinds_alone() -> None:
    prometheus = Prometheus()
    runner = JobRunner(MemoryBackend(), observers=[prometheus])
    make_discarded(runner.backend, f"postgres://me:{PASSWORD}@db/jobs", payload=b'{"name":"not to be shown"}')
    prometheus.watch(runner)
    body = ask(ControlPlane(runner), "/metrics").body.decode()
    assert "lazyjobs_records" in body
    assert PASSWORD not in body
    assert SECRET not in body


@pytest.mark.logs_errors("could not show the metrics")
def test_metrics_that_fail_are_told_of_without_a_password() -> None:
    class Fails:
        def expose(self, _: str) -> tuple[str, bytes]:
            raise OSError(f"cannot push to https://me:{PASSWORD}@metrics.example")

    answer = ask(ControlPlane(MemoryBackend(), metrics=Fails()), "/metrics")
    assert answer.status == 500
    assert answer.body == b"no metrics: OSError: cannot push to https://me:***@metrics.example\n"


@pytest.mark.logs_errors("could not make a snapshot")
def test_a_reason_is_cut() -> None:
    def fail(_: str) -> None:
        raise BackendUnavailableError("x" * 10_000_000)

    answer = ask(ControlPlane(PlainBackend(fail)))
    assert answer.status == 500
    assert len(answer.body) < 2_100
