"""Requeueing a discarded record."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from lazyjobs import (
    Backend,
    BackendUnavailableError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    JobRunner,
    ListOptions,
    PayloadTooLargeError,
    Record,
    RetryParams,
    State,
)
from lazyjobs.control._http import Answer
from lazyjobs.control._plane import ControlPlane
from lazyjobs.control._requeue import RequeuedError, Requeuer
from lazyjobs.jobs import copied_from, mark_copy
from lazyjobs_memory import MemoryBackend
from tests.support.backends import OldBackend, PlainBackend
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
    assert (copy.kind, copy.queue, copy.max_attempts) == (discarded.kind, discarded.queue, discarded.max_attempts)
    assert (copy.state, copy.attempt, copy.last_error) == (State.PENDING, 0, "")
    (original,) = runner.backend.list(ListOptions(states=frozenset({State.DISCARDED})))
    assert (original.id, original.last_error) == (discarded.id, "ValueError: no")


@pytest.mark.parametrize(
    ("payload", "copied"),
    [
        (b'{"b":1, "a" : "\\u00e4"}', b'{"@requeue_of":%d,"b":1, "a" : "\\u00e4"}'),
        (b"{}", b'{"@requeue_of":%d}'),
        (b" {\n}", b' {"@requeue_of":%d\n}'),
        (b'{"@requeue_of":1,"b":1}', b'{"@requeue_of":%d,"b":1}'),
        (b'{"@requeue_of":1}', b'{"@requeue_of":%d}'),
        (b'{"@traceparent": "00-0-0-00"}', b'{"@requeue_of":%d,"@traceparent": "00-0-0-00"}'),
        (b"[1, 2]", b"[1, 2]"),
        (b'"{"', b'"{"'),
    ],
)
def test_a_payload_is_copied_byte_for_byte_and_says_whose_copy_it_is(payload: bytes, copied: bytes) -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend, payload=payload)
    requeue(ControlPlane(runner, page=True), discarded.id)
    assert copies(runner, discarded)[0].payload == copied.replace(b"%d", str(discarded.id).encode())


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
    with pytest.raises(RequeuedError):
        requeuer.requeue(runner.backend, ids[0])


BACKENDS: list[Callable[[], Backend]] = [MemoryBackend, PlainBackend, OldBackend]


@pytest.mark.parametrize("make_backend", BACKENDS)
@pytest.mark.parametrize("ends", ["pending", "running", "retrying", "succeeded", "discarded"])
def test_another_control_plane_finds_the_copy_whatever_became_of_it(
    make_backend: Callable[[], Backend], ends: str
) -> None:
    backend = make_backend()
    for _ in range(70):
        make_discarded(backend)
    discarded = make_discarded(backend)
    copy = Requeuer().requeue(backend, discarded.id)
    finish(backend, ends)
    for _ in range(70):
        backend.insert(InsertParams(kind="do", queue="mail"))
    answer = requeue(ControlPlane(backend, page=True), discarded.id)
    assert (answer.status, answer.body) == (
        409,
        f"record {discarded.id} was requeued already, as record {copy.id}\n".encode(),
    )
    assert backend.stats().total == 142


def finish(backend: Backend, ends: str) -> None:
    """Has the one record that is due end so."""
    if ends == "pending":
        return
    claimed = backend.claim(ClaimParams(queues=("mail",)))
    assert claimed is not None
    if ends == "retrying":
        backend.retry(RetryParams(id=claimed.id, attempt=1, run_at=datetime.now(UTC) + timedelta(days=1)))
    elif ends == "succeeded":
        backend.complete(CompleteParams(id=claimed.id, attempt=1))
    elif ends == "discarded":
        backend.discard(DiscardParams(id=claimed.id, attempt=1))
    else:
        assert ends == "running"


@pytest.mark.parametrize("make_backend", BACKENDS)
def test_another_control_plane_requeues_the_copy_and_not_its_original(make_backend: Callable[[], Backend]) -> None:
    backend = make_backend()
    discarded = make_discarded(backend)
    copy = Requeuer().requeue(backend, discarded.id)
    finish(backend, "discarded")
    again = Requeuer().requeue(backend, copy.id)
    assert copied_from(again.payload) == copy.id
    for id in (discarded.id, copy.id):
        with pytest.raises(RequeuedError):
            Requeuer().requeue(backend, id)


class Lossy(PlainBackend):
    """Loses the answer to an insert when it is told to."""

    loses = False

    def insert(self, params: InsertParams) -> Record:
        inserted = super().insert(params)
        if self.loses:
            raise BackendUnavailableError("the answer is lost")
        return inserted


@pytest.mark.usefixtures("caplog")
@pytest.mark.logs_errors("could not requeue record")
def test_a_copy_whose_insert_was_not_answered_is_found_when_it_is_tried_again() -> None:
    backend = Lossy()
    discarded = make_discarded(backend)
    plane = ControlPlane(backend, page=True)
    backend.loses = True
    assert requeue(plane, discarded.id).status == 500
    backend.loses = False
    assert requeue(plane, discarded.id).status == 409
    assert backend.stats().total == 2


def test_a_record_that_does_not_say_whose_copy_it_is_is_none() -> None:
    backend = MemoryBackend()
    discarded = make_discarded(backend)
    for payload in (discarded.payload, b'{"a":"@requeue_of","b":{"@requeue_of":%d}}' % discarded.id):
        backend.insert(InsertParams(kind="do", queue="mail", payload=payload))
    backend.insert(InsertParams(kind="do", queue="other", payload=mark_copy(b"{}", discarded.id)))
    assert Requeuer().requeue(backend, discarded.id).id == discarded.id + 4


def test_of_a_payload_without_room_only_the_same_control_plane_knows() -> None:
    backend = MemoryBackend()
    discarded = make_discarded(backend, payload=b"[1]")
    requeuer = Requeuer()
    requeuer.requeue(backend, discarded.id)
    with pytest.raises(RequeuedError):
        requeuer.requeue(backend, discarded.id)
    assert Requeuer().requeue(backend, discarded.id).payload == b"[1]"


class Narrow(MemoryBackend):
    """Takes payloads of 40 bytes."""

    def insert(self, params: InsertParams) -> Record:
        if len(params.payload) > 40:
            raise PayloadTooLargeError(params.kind, len(params.payload), 40)
        return super().insert(params)


def test_a_payload_as_long_as_may_be_is_copied_as_it_is() -> None:
    backend = Narrow()
    payload = b'{"a":"%b"}' % (b"x" * 32)
    discarded = make_discarded(backend, payload=payload)
    assert Requeuer().requeue(backend, discarded.id).payload == payload


class Weighing(MemoryBackend):
    """Weighs the payloads of each answer."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[int] = []

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        records = super().list(options)
        self.given.append(sum(len(record.payload) for record in records))
        return records


def test_looking_for_a_copy_keeps_few_long_payloads_in_memory() -> None:
    backend = Weighing()
    payload = b'"%b"' % (b"x" * 2**20)
    discarded = make_discarded(backend, payload=payload)
    for _ in range(100):
        backend.insert(InsertParams(kind="do", queue="mail", payload=payload))
    Requeuer().requeue(backend, discarded.id)
    assert sum(backend.given) > 100 * 2**20
    assert max(backend.given) <= 17 * 2**20


class _ClaimedMeanwhile(PlainBackend):
    """The copy is claimed, and so becomes the newest change, right after the first page was read."""

    pages = 0

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        found = super().list(options)
        self.pages += bool(options.kinds)
        if self.pages == 1:
            self.claim(ClaimParams(queues=("mail",)))
        return found


def test_a_copy_that_moves_while_the_pages_are_read_is_found() -> None:
    backend = _ClaimedMeanwhile()
    discarded = make_discarded(backend)
    copy = Requeuer().requeue(backend, discarded.id)
    later = datetime.now(UTC) + timedelta(days=1)
    for _ in range(200):
        backend.insert(InsertParams(kind=discarded.kind, queue="mail", run_at=later))
    backend.pages = 0
    with pytest.raises(RequeuedError, match=f"as record {copy.id}"):
        Requeuer().requeue(backend, discarded.id)
    assert backend.pages > 2
