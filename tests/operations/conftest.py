"""A backend for every test of this directory, three times: in memory, in a file, and on emulated DynamoDB and SQS."""

import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path

import pytest

from lazyjobs import Backend, BackendURL, SupportsClose, open_backend
from lazyjobs_aws.cli import main as lazyjobs_aws
from lazyjobs_aws.emulator import emulator_session, endpoint_of_emulator
from lazyjobs_memory import MemoryBackend

QUEUES = ("default", "mail", "bulk")
"""Those that are there on SQS; a queue of another name works as well, and the backend on AWS logs a warning."""

_numbers = count(1)


class SharedMemory(MemoryBackend):
    """Stays open for as long as the test, whoever closes it; `MemoryBackend.close` really does."""

    def close(self) -> None:
        pass


@pytest.fixture(params=["memory", "sqlite", "aws"])
def backend_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a namespace that is fresh and provisioned, on each backend in turn.

    All who open it in this process see the same records. So does another process, but not by the URL of the memory
    backend: a test that starts one is marked with `across_processes`.
    """
    match request.param:
        case "memory":
            yield from _memory(monkeypatch)
        case "sqlite":
            yield f"sqlite:///{tmp_path}/jobs.db"
        case _:
            yield _aws(monkeypatch)


@pytest.fixture
def backend(backend_url: str) -> Iterator[Backend]:
    """The backend at `backend_url`, open."""
    opened: object = open_backend(backend_url)
    assert isinstance(opened, Backend)
    yield opened
    if isinstance(opened, SupportsClose):
        opened.close()


def _memory(patches: pytest.MonkeyPatch) -> Iterator[str]:
    shared = SharedMemory()

    def from_url(url: BackendURL) -> Backend:
        assert str(url) == "memory://", "the records of this test are at memory:// without options"
        return shared

    patches.setattr(MemoryBackend, "from_url", from_url)
    yield "memory://"
    MemoryBackend.close(shared)


def _aws(patches: pytest.MonkeyPatch) -> str:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patches.setenv(name, "emulator")
    session = emulator_session()
    patches.setattr("boto3.Session", lambda: session)  # to make another one takes longer than most tests
    endpoint = endpoint_of_emulator()
    url = f"sqs+dynamodb://eu-west-1/operations-{os.getpid()}-{next(_numbers)}?endpoint_url={endpoint}"
    with redirect_stdout(StringIO()):
        assert lazyjobs_aws(["create", url, *(word for name in QUEUES for word in ("--queue", name))]) == 0
    return url
