"""Where a namespace is, and what its table and its queues are called there."""

import hashlib
import re
from typing import Self

from msgspec import Struct

from lazyjobs import BackendURL

SCHEME = "sqs+dynamodb"
LONGEST_PREFIX = 40

_PREFIX = re.compile(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*")
_REGION = re.compile(r"[a-z0-9-]+")
_NOT_IN_A_QUEUE_NAME = re.compile(r"[^A-Za-z0-9_]+")


class Address(Struct, frozen=True):
    """One namespace: a table and any number of queues, whose names begin with the prefix and `--`.

    No prefix has `--` in it, so that the names of one namespace never begin like those of another.
    """

    region: str
    prefix: str
    endpoint_url: str | None = None

    def __post_init__(self) -> None:
        if not _REGION.fullmatch(self.region):
            raise ValueError(f"{self.region!r} is no region; write one such as eu-west-1")
        if not _PREFIX.fullmatch(self.prefix) or len(self.prefix) > LONGEST_PREFIX:
            raise ValueError(
                f"{self.prefix!r} is no prefix: 1 to {LONGEST_PREFIX} letters, digits and _, with single - between them"
            )

    @classmethod
    def from_url(cls, url: BackendURL, endpoint_url: str | None) -> Self:
        """The namespace of `sqs+dynamodb://REGION/PREFIX`; raises `BackendURLError`."""
        url.check_absent("user", "password", reason="credentials are given in a way that boto3 knows, not in the URL")
        url.check_absent("port", reason="means nothing before a region; an emulator's stands in endpoint_url")
        try:
            return cls(url.host, url.path.removeprefix("/"), endpoint_url)
        except ValueError as error:
            part = "path" if _REGION.fullmatch(url.host) else "host"
            raise url.refuse(part, str(error)) from error

    @property
    def table(self) -> str:
        return f"{self.prefix}--jobs"

    @property
    def queues(self) -> str:
        """What the names of all the namespace's SQS queues begin with."""
        return f"{self.prefix}--"

    def queue(self, name: str) -> str:
        """The SQS queue for hints about jobs on the queue `name`, of which every legal one has its own."""
        readable = _NOT_IN_A_QUEUE_NAME.sub("_", name)[:20]
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        return f"{self.queues}{readable}-{digest}"

    def __str__(self) -> str:
        at = f"?endpoint_url={self.endpoint_url}" if self.endpoint_url else ""
        return f"{SCHEME}://{self.region}/{self.prefix}{at}"
