"""The clients of both services, each with the time limits that its requests deserve."""

from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.parsers import ResponseParserError
from msgspec import Struct

from lazyjobs import BackendError
from lazyjobs_aws._address import Address
from lazyjobs_aws._whole import limit_answers

Client = Any
"""A client of boto3, which has no types."""

LONG_POLL = 20
"""In seconds: the longest that SQS holds a request open."""
_LONGEST_BACKOFF = 20.0
"""In seconds: what boto3 waits at the most before it tries again."""


class Limits(Struct, frozen=True):
    """How long a request may take, in seconds: until it is connected, without a byte, and for all of the answer."""

    service: str
    connect: float
    read: float
    whole: float
    attempts: int

    @property
    def longest(self) -> float:
        """How long a call takes at the most when nothing answers, the pauses between its attempts included."""
        pauses = sum(min(2.0**number, _LONGEST_BACKOFF) for number in range(self.attempts - 1))
        return self.attempts * (self.connect + self.read) + pauses


def table_limits(attempts: int) -> Limits:
    """A few seconds: a connection that died is given up while there is time to extend a lease over another one."""
    return Limits("dynamodb", 3, 5, 8, attempts)


HINTS = Limits("sqs", 1, 2, 2, 1)
"""Short and once: nothing depends on a hint, and an insert waits for it."""
POLL = Limits("sqs", 3, LONG_POLL + 10, LONG_POLL + 10, 1)


class Clients:
    """A client for each kind of request, made at first use; thread-safe, and of one process, since sockets are."""

    def __init__(self, address: Address, attempts: int, session: boto3.Session | None) -> None:
        self._address = address
        self._session = session
        self.table_limits = table_limits(attempts)
        self._lock = Lock()
        self._made: dict[Limits, Client] = {}

    @property
    def dynamodb(self) -> Client:
        """For the table."""
        return self._get(self.table_limits)

    @property
    def sqs(self) -> Client:
        """For hints that are sent, asked for and deleted."""
        return self._get(HINTS)

    @property
    def poll(self) -> Client:
        """For waiting until a hint comes, and for nothing else."""
        return self._get(POLL)

    def _get(self, limits: Limits) -> Client:
        client = self._made.get(limits)
        return self._make(limits) if client is None else client

    def _make(self, limits: Limits) -> Client:
        with self._lock:
            if limits not in self._made:
                # A session is not thread-safe, and the default one is shared by the whole process.
                session = self._session or boto3.Session()
                try:
                    client = session.client(
                        limits.service,
                        region_name=self._address.region,
                        endpoint_url=self._address.endpoint_url,
                        config=_configure(limits),
                    )
                except ValueError as error:  # an address in boto3's own settings that is none
                    raise BackendError(
                        f"{limits.service} cannot be reached as things are configured: {error}"
                    ) from error
                client.meta.events.register("before-parse", _check_whole, unique_id="lazyjobs-whole")
                limit_answers(client, limits.whole)
                self._made[limits] = client
            return self._made[limits]

    def close(self) -> None:
        """Closes the connections that are not in use."""
        for client in self._made.values():
            client.close()


def _check_whole(response_dict: dict[str, Any], **_: object) -> None:
    """Raises for an answer that broke off: boto3 would take it for one that says nothing."""
    headers, body = response_dict["headers"], response_dict["body"]
    length = headers.get("Content-Length", "")
    if isinstance(body, bytes) and length.isdecimal() and "Content-Encoding" not in headers and len(body) < int(length):
        raise ResponseParserError(f"the answer broke off after {len(body)} of {length} bytes")


def _configure(limits: Limits) -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        connect_timeout=limits.connect,
        read_timeout=limits.read,
        tcp_keepalive=True,
        max_pool_connections=50,
    )
