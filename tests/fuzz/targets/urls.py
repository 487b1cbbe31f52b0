"""Backend URLs: each is parsed to what it says, or refused with the part that is wrong."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lazyjobs import BackendError, BackendURL, BackendURLError, SupportsClose, UnknownBackendError, open_backend
from tests.fuzz.mutation import mutate_text
from tests.fuzz.targets.target import Target

_CORPUS = (
    "memory://",
    "memory://?retention=5",
    "memory://?retention=PT5M",
    "sqlite:///jobs.db?durability=full&timeout=5",
    "sqlite:////var/lib/app/jobs%20of%20today.db",
    "sqs+dynamodb://eu-west-1/shop?endpoint_url=http://localhost:4566&shards=3",
    "postgresql://app:word@[::1]:5432/jobs?sslmode=require",
)


@contextmanager
def target(_: Path) -> Iterator[Target]:
    """`BackendURL.parse`, and `open_backend` where nothing is stored."""
    yield Target(lambda chance: mutate_text(chance, _CORPUS), _give)


def _give(text: str) -> None:
    try:
        url = BackendURL.parse(text)
    except BackendURLError:
        return
    assert pickle.loads(pickle.dumps(url)) == url
    _parse_shown(url)
    # Only where nothing is stored: another URL may name any file of this machine.
    if url.scheme == "memory":
        _open(text)


def _parse_shown(url: BackendURL) -> None:
    """What is shown of a URL is the URL again, or is refused since it hides something."""
    try:
        again = BackendURL.parse(str(url))
    except BackendURLError:
        assert "***" in str(url)
    else:
        assert again == url


def _open(text: str) -> None:
    try:
        backend: object = open_backend(text)
    except (BackendURLError, BackendError, UnknownBackendError):
        return
    if isinstance(backend, SupportsClose):
        backend.close()
