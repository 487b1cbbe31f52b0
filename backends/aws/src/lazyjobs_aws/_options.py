"""What a backend can be told beside its place."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from msgspec import Struct

from lazyjobs import BackendURL


class Options(Struct, frozen=True, kw_only=True):
    """The options of a URL, or of `AwsBackend`; each has a default that needs no change."""

    endpoint_url: str | None = None
    """Where both services are, instead of AWS. Without it boto3's own settings count, `AWS_ENDPOINT_URL_SQS` say."""
    sweep: float = 2.0
    """In seconds: how soon what no hint tells of is found (scheduled and retried jobs, ended leases, lost hints)."""
    retention: timedelta | None = None
    """After how long DynamoDB may delete a finished record; None is never. In a URL it is in days."""
    attempts: int = 3
    """How often a request is tried before `BackendUnavailableError`."""

    def __post_init__(self) -> None:
        if not 0 < self.sweep <= 3600:
            raise ValueError(f"sweep must be more than 0 and at most 3600 seconds, not {self.sweep}")
        if self.retention is not None and self.retention <= timedelta(0):
            raise ValueError(f"retention must be more than 0, not {self.retention}")
        if not 1 <= self.attempts <= 20:
            raise ValueError(f"attempts must be from 1 to 20, not {self.attempts}")

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        """Those that the URL gives; raises `BackendURLError` naming the one that is wrong."""
        read: Callable[[str], Any] = _read_days
        values = url.read_options(
            endpoint_url=_read_endpoint,
            sweep=_checked(cls, "sweep", float),
            retention=_checked(cls, "retention", read),
            attempts=_checked(cls, "attempts", int),
        )
        return cls(**values)


def _checked(options: type[Options], name: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads a text, and lets `Options` refuse what it means while the option's name is still known."""

    def read_checked(text: str) -> Any:
        value = read(text)
        options(**{name: value})
        return value

    return read_checked


def _read_days(text: str) -> timedelta:
    try:
        return timedelta(days=float(text))
    except OverflowError as error:
        raise ValueError(str(error)) from error


def _read_endpoint(text: str) -> str:
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname or "@" in address.netloc:
        raise ValueError("write http:// or https://, a host and perhaps a port")
    _ = address.port  # raises ValueError if it is none
    return text
