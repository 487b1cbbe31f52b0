"""What the control plane is tested with: a runner that has something to show, and one whose backend fails."""

from lazyjobs import Backend, BackendUnavailableError, ClaimParams, DiscardParams, InsertParams, JobRunner, Record
from lazyjobs.control._http import Answer, Request
from lazyjobs.control._plane import ControlPlane
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do

SECRET = "not to be shown"
TOKEN = "a-token-of-some-length"
GUARDED = {
    "Cache-Control": "no-store",
    "Vary": "Accept",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The headers of every answer."""
FAILURE = b"no snapshot: BackendUnavailableError: the disk is gone: try again\n"


def make_runner() -> JobRunner:
    """A runner that is not running, with two records whose payloads hold SECRET."""
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    for _ in range(2):
        runner.enqueue(Do(name=SECRET))
    return runner


def make_failing_runner() -> JobRunner:
    """A runner that can be asked nothing; the answer is FAILURE."""

    def fail(_: str) -> None:
        raise BackendUnavailableError("the disk is gone:\n\ttry again")

    return JobRunner(PlainBackend(fail), jobs=[Do])


def ask(plane: ControlPlane, path: str = "/jobs", *, method: str = "GET", query: str = "", **headers: str) -> Answer:
    """What the control plane answers; an underscore in the name of a header stands for its hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return plane.answer(Request(method=method, path=path, query=query, headers=named))


def make_discarded(backend: Backend, error: str = "ValueError: no", *, payload: bytes | None = None) -> Record:
    """A discarded record on the queue `mail`, as it was when it was claimed."""
    payload = f'{{"name": "{SECRET}"}}'.encode() if payload is None else payload
    inserted = backend.insert(InsertParams(kind="do", queue="mail", payload=payload, max_attempts=3))
    claimed = backend.claim(ClaimParams(queues=("mail",)))
    assert claimed is not None
    assert claimed.id == inserted.id
    backend.discard(DiscardParams(id=claimed.id, attempt=claimed.attempt, last_error=error))
    return claimed
