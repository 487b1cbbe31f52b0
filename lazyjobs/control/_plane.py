"""The control plane: what it answers to each request, whatever serves it."""

import logging
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from time import perf_counter
from typing import TypeAlias, TypedDict
from urllib.parse import parse_qs

import msgspec

from lazyjobs.contract import Backend, State
from lazyjobs.control._guard import Guard
from lazyjobs.control._http import HTML, JSON, TREE, Answer, Request, choose_type, describe, text
from lazyjobs.control._look import Look
from lazyjobs.control._looks import Looks
from lazyjobs.control._metrics import Exposer, expose_metrics
from lazyjobs.control._page import page_policy, render_page, warm_up
from lazyjobs.control._requeue import NoRecordError, NotDiscardedError, RequeuedError, Requeuer
from lazyjobs.control._throughput import Throughput
from lazyjobs.control._token import Token
from lazyjobs.control._view import View
from lazyjobs.runner import JobRunner, Snapshot

logger = logging.getLogger("lazyjobs")

Source: TypeAlias = JobRunner | Backend

READING = ("GET", "HEAD")
_REQUEUE = re.compile(r"/jobs/([0-9]{1,19})/requeue")
_METHOD = re.compile(r"[A-Z]{1,20}")


class Options(TypedDict, total=False):
    """What a control plane may be told, wherever it is served."""

    page: bool
    """Whether browsers get the page for people, and discarded records can be requeued. False unless given, and True
    where it is served alone."""
    requeue: bool
    """Whether discarded records can be requeued; as `page` unless given."""
    token: str | None
    """What whoever asks must know, 16 characters or more; None is nothing."""
    hosts: Collection[str] | None
    """The host names by which it may be asked, without ports; None is any."""
    refresh: timedelta
    """How often the page asks again, 2 seconds unless given; less often where an answer takes long."""
    metrics: Exposer | None
    """What `GET /metrics` shows where the runner has no observer that has metrics, or there is no runner."""


class ControlPlane:
    """Answers requests about one runner, or about a backend alone. Safe in any thread; answering blocks."""

    def __init__(
        self,
        source: Source,
        *,
        page: bool = False,
        requeue: bool | None = None,
        token: str | None = None,
        hosts: Collection[str] | None = None,
        refresh: timedelta = timedelta(seconds=2),
        metrics: Exposer | None = None,
    ) -> None:
        if not isinstance(source, (JobRunner, Backend)):
            raise TypeError(f"the control plane shows a JobRunner or a Backend, not {source!r}")
        if not timedelta(milliseconds=100) <= refresh <= timedelta(days=1):
            raise ValueError(f"refresh must be from 0.1 seconds to a day, not {refresh}")
        self._source = source
        self._offered = (JSON, HTML, TREE) if page else (JSON,)
        self._requeuer = Requeuer() if (page if requeue is None else requeue) else None
        self._guard = Guard(None if token is None else Token(token), hosts)
        self._refresh = refresh
        self._metrics = metrics
        self._throughput = Throughput()
        self._looks = Looks(self._look_at)
        if page:
            warm_up()  # later there may be no descriptor left to read them with

    @property
    def can_requeue(self) -> bool:
        """Whether it answers `POST /jobs/ID/requeue`."""
        return self._requeuer is not None

    def refuse(self, request: Request) -> Answer | None:
        """What to send to those who may not ask, or None; asks no backend, and so does not block."""
        return self._guard.refuse(request)

    def answer(self, request: Request) -> Answer:
        """What to send back; never raises."""
        if refused := self.refuse(request):
            return refused
        if request.path == "/jobs":
            return self._look(request)
        if request.path == "/metrics":
            return self._measure(request)
        if self._requeuer is not None and (found := _REQUEUE.fullmatch(request.path)):
            return self._requeue(request, self._requeuer, int(found[1]))
        return text(HTTPStatus.NOT_FOUND, "not found; this serves /jobs")

    def _look(self, request: Request) -> Answer:
        if request.method not in READING:
            return _not_allowed(request, READING)
        try:
            state = _read_state(request.query)
        except ValueError:
            return text(HTTPStatus.BAD_REQUEST, f"state must be one of {', '.join(State)}")
        type = choose_type(request.headers.get("accept", ""), self._offered)
        try:
            look = self._looks.take(state)
            body = look.render(type)
        except Exception as error:
            logger.exception("the control plane could not make a snapshot")
            return self._fail(type, f"no snapshot: {describe(error)}")
        # By this the page decides how often it asks, and not by its own watch, which a slow browser makes long.
        more = {"Server-Timing": f"look;dur={look.seconds * 1000:.1f}"} if type == TREE else {}
        return _made(HTTPStatus.OK, type, body, **more)

    def _measure(self, request: Request) -> Answer:
        if request.method not in READING:
            return _not_allowed(request, READING)
        observers = self._source.observers if isinstance(self._source, JobRunner) else ()
        status, type, body = expose_metrics((*observers, self._metrics), request.headers.get("accept", ""))
        return Answer(status=status, content_type=type, body=body)

    def _look_at(self, state: State | None) -> Look:
        began = perf_counter()
        states = None if state is None else {state}
        if isinstance(self._source, JobRunner):
            snapshot = self._source.snapshot(states=states)
        else:
            snapshot = Snapshot.of(self._source, states=states)
        now = datetime.now(UTC)
        view = View(
            snapshot=snapshot,
            rate=self._throughput.note(snapshot, now, narrowed=state is not None),
            now=now,
            has_runner=isinstance(self._source, JobRunner),
            state=state,
            copies=None if self._requeuer is None else self._requeuer.copies,
        )
        return Look(view, self._refresh, perf_counter() - began)

    def _fail(self, type: str, line: str) -> Answer:
        if type != HTML:
            return text(HTTPStatus.INTERNAL_SERVER_ERROR, line)
        page = render_page("lazyjobs: the backend fails", [], self._refresh, trouble=line)
        return _made(HTTPStatus.INTERNAL_SERVER_ERROR, HTML, page.encode(errors="replace"))

    def _requeue(self, request: Request, requeuer: Requeuer, id: int) -> Answer:
        if request.method != "POST":
            return _not_allowed(request, ("POST",))
        if refused := self._guard.refuse_write(request):
            return refused
        try:
            record = requeuer.requeue(self._backend, id)
        except NoRecordError as error:
            return text(HTTPStatus.NOT_FOUND, str(error))
        except (NotDiscardedError, RequeuedError) as error:
            return text(HTTPStatus.CONFLICT, str(error))
        except Exception as error:
            logger.exception("the control plane could not requeue record %d", id)
            line = f"record {id} was not seen to be requeued: {describe(error)}; look for its copy before trying again"
            return text(HTTPStatus.INTERNAL_SERVER_ERROR, line)
        logger.info("record %d, a discarded %s, was requeued as record %d", id, record.kind, record.id)
        if choose_type(request.headers.get("accept", ""), self._offered) == HTML:
            return text(HTTPStatus.SEE_OTHER, f"requeued as record {record.id}", Location=f"../../jobs#r{record.id}")
        return _made(HTTPStatus.CREATED, JSON, msgspec.json.encode({"id": record.id}))

    @property
    def _backend(self) -> Backend:
        return self._source.backend if isinstance(self._source, JobRunner) else self._source


def _read_state(query: str) -> State | None:
    values = parse_qs(query).get("state", [])
    return State(values[-1]) if values else None


def _made(status: int, type: str, body: bytes, **more: str) -> Answer:
    if type != HTML:
        return Answer(status=status, content_type=type, body=body, more=more)
    more["Content-Security-Policy"] = page_policy()
    return Answer(status=status, content_type="text/html; charset=utf-8", body=body, more=more)


def _not_allowed(request: Request, methods: tuple[str, ...]) -> Answer:
    # Other servers let any text pass for a method; a word in capitals does no harm wherever it is shown.
    method = request.method if _METHOD.fullmatch(request.method) else "this method"
    line = f"{method} is not allowed; use {methods[0]}"
    return text(HTTPStatus.METHOD_NOT_ALLOWED, line, Allow=", ".join(methods))
