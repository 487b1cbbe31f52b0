"""The clients of both services."""

from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

from lazyjobs_aws._address import Address

Client = Any
"""A client of boto3, which has no types."""

LONG_POLL = 20
"""In seconds: the longest that SQS holds a request open."""


class Clients:
    """One client for each service, made at first use; thread-safe, and of one process, since sockets are."""

    def __init__(self, address: Address, attempts: int, session: boto3.Session | None) -> None:
        self._address = address
        self._session = session
        self._config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            read_timeout=LONG_POLL + 10,
            max_pool_connections=50,
        )
        self._lock = Lock()
        self._made: dict[str, Client] = {}

    @property
    def dynamodb(self) -> Client:
        return self._get("dynamodb")

    @property
    def sqs(self) -> Client:
        return self._get("sqs")

    def _get(self, service: str) -> Client:
        client = self._made.get(service)
        return self._make(service) if client is None else client

    def _make(self, service: str) -> Client:
        with self._lock:
            if service not in self._made:
                # A session is not thread-safe, and the default one is shared by the whole process.
                session = self._session or boto3.Session()
                self._made[service] = session.client(
                    service,
                    region_name=self._address.region,
                    endpoint_url=self._address.endpoint_url,
                    config=self._config,
                )
            return self._made[service]

    def close(self) -> None:
        """Closes the connections that are not in use."""
        for client in self._made.values():
            client.close()
