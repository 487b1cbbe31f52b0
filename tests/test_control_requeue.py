"""Requeueing a discarded record."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from lazyjobs import BackendUnavailableError, JobRunner, ListOptions, Record, State
from lazyjobs.control._http import Answer
from lazyjobs.control._plane import ControlPlane
from lazyjobs.control._requeue import Requeuer
from tests.support.backends import PlainBackend
from tests.support.control import SECRET, ask, make_discarded, make_runner


def requeue(plane: ControlPlane, id: int, **headers: str) -> Answer:
    return ask(plane, f"/jobs/{id}/requeue", method="POST", **headers)


def copies(runner: JobRunner, original: Record) -> list[Record]:
    return [record for record in runner.backend.list() if record.queue == "mail" and record.id != original.id]


def test_its_copy_is_inserted_and_it_stays_as_it_is() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    answer = requeue(ControlPlane(runner, page=True), discarded.id)
    (copy,) = copies(runner, discarded)
    assert (answer.status, msgspec.json.decode(answer.body)) == (201, {"id": copy.id})
    assert (copy.kind, copy.queue, copy.payload, copy.max_attempts) == (
        discarded.kind,
        discarded.queue,
        discarded.payload,
        discarded.max_attempts,
    )
    assert (copy.state, copy.attempt, copy.last_error) == (State.PENDING, 0, "")
    (original,) = runner.backend.list(ListOptions(states=frozenset({State.DISCARDED})))
    assert (original.id, original.last_error) == (discarded.id, "ValueError: no")


def test_a_payload_is_copied_byte_for_byte() -> None:
    runner = make_runner()
    payload = b'{"b":1, "a" : "\\u00e4", "@traceparent": "00-0-0-00"}'
    discarded = make_discarded(runner.backend, payload=payload)
    requeue(ControlPlane(runner, page=True), discarded.id)
    assert copies(runner, discarded)[0].payload == payload


def test_the_payload_is_not_shown_in_the_answer_nor_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    runner = make_runner()
    answer = requeue(ControlPlane(runner, page=True), make_discarded(runner.backend).id)
    assert SECRET.encode() not in answer.body
    assert SECRET not in caplog.text
    assert "was requeued as record" in caplog.text


def test_a_record_is_requeued_once_and_its_copy_again() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    plane = ControlPlane(runner, page=True)
    assert requeue(plane, discarded.id).status == 201
    again = requeue(plane, discarded.id)
    (copy,) = copies(runner, discarded)
    assert again.status == 409
    assert again.body == f"record {discarded.id} was requeued already, as record {copy.id}\n".encode()


def test_of_many_who_ask_at_once_one_requeues_it() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    plane = ControlPlane(runner, page=True)
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: requeue(plane, discarded.id).status, range(8)))
    assert statuses == [201, *[409] * 7]
    assert len(copies(runner, discarded)) == 1


def test_a_record_that_is_not_discarded_is_a_conflict() -> None:
    runner = make_runner()
    pending = runner.backend.list()[0]
    answer = requeue(ControlPlane(runner, page=True), pending.id)
    assert (answer.status, answer.body) == (
        409,
        f"record {pending.id} is pending and not discarded; there is nothing to requeue\n".encode(),
    )
    assert runner.backend.stats().total == 2


@pytest.mark.parametrize("id", [0, 999, 2**63 - 1, 10**19 - 1])
def test_a_record_that_is_not_there_is_not_found(id: int) -> None:
    answer = requeue(ControlPlane(make_runner(), page=True), id)
    assert (answer.status, answer.body) == (
        404,
        f"there is no discarded record {id}; it may have been pruned\n".encode(),
    )


@pytest.mark.parametrize("path", ["/jobs/x/requeue", "/jobs/-1/requeue", "/jobs/1/requeue/", "/jobs/\u0661/requeue"])
def test_a_path_without_an_id_is_not_found(path: str) -> None:
    assert ask(ControlPlane(make_runner(), page=True), path, method="POST").status == 404


def test_an_old_record_is_found_among_many() -> None:
    runner = make_runner()
    first = make_discarded(runner.backend)
    for _ in range(1_100):
        make_discarded(runner.backend)
    assert requeue(ControlPlane(runner, page=True), first.id).status == 201


@pytest.mark.logs_errors("could not requeue record")
def test_a_lost_answer_is_told_as_such(caplog: pytest.LogCaptureFixture) -> None:
    def fail(name: str) -> None:
        if name == "insert" and armed:
            raise BackendUnavailableError("the answer\nis lost")

    armed: list[bool] = []
    backend = PlainBackend(fail)
    discarded = make_discarded(backend)
    armed.append(True)
    answer = requeue(ControlPlane(backend, page=True), discarded.id)
    assert answer.status == 500
    assert (
        answer.body
        == (
            f"record {discarded.id} was not seen to be requeued: BackendUnavailableError: the answer is lost; "
            "look for its copy before trying again\n"
        ).encode()
    )
    armed.clear()
    assert requeue(ControlPlane(backend, page=True), discarded.id).status == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post_requeues(method: str) -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    answer = ask(ControlPlane(runner, page=True), f"/jobs/{discarded.id}/requeue", method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert runner.backend.stats().total == 3


@pytest.mark.parametrize(
    "plane", [lambda runner: ControlPlane(runner), lambda runner: ControlPlane(runner, page=True, requeue=False)]
)
def test_where_it_is_not_allowed_there_is_neither_place_nor_button(plane: Callable[[JobRunner], ControlPlane]) -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    assert requeue(plane(runner), discarded.id).status == 404
    assert b"<button" not in ask(plane(runner), accept="text/html").body.partition(b"<main")[2]


def test_a_browser_without_script_is_sent_back_to_the_page() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    plane = ControlPlane(runner, page=True)
    answer = requeue(plane, discarded.id, accept="text/html,*/*;q=0.8")
    (copy,) = copies(runner, discarded)
    assert (answer.status, answer.headers["Location"]) == (303, f"../../jobs#r{copy.id}")
    page = ask(plane, accept="text/html").body.decode()
    assert f'<a href="#r{copy.id}" id="copy{discarded.id}">#{copy.id}</a>' in page
    assert f'id="again{discarded.id}"' not in page


def test_what_was_requeued_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lazyjobs.control._requeue._REMEMBERED", 2)
    runner, requeuer = make_runner(), Requeuer()
    ids = [make_discarded(runner.backend).id for _ in range(3)]
    for id in ids:
        requeuer.requeue(runner.backend, id)
    assert list(requeuer.copies) == ids[1:]
