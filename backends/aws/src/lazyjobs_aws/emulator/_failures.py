"""Requests that fail on demand, before or after they took effect."""

from typing import Any, Literal

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from moto.core.models import botocore_stubber

Moment = Literal["before", "after"]


class Failures:
    """A switch for the requests of one namespace."""

    def __init__(self) -> None:
        self._moment: Moment = "before"
        self._skip = 0
        self._left = 0
        self._failed = 0

    def arm(self, moment: Moment, count: int = 1, skip: int = 0) -> None:
        """Lets `skip` requests pass; the next `count` fail, before or after they took effect."""
        self._moment, self._left, self._skip, self._failed = moment, count, skip, 0

    def clear(self) -> int:
        """No request fails any more; how many have failed since `arm`."""
        self._left = 0
        return self._failed

    def meet(self, request: AWSPreparedRequest) -> None:
        """Raises what botocore takes for a connection that broke, if it is this request's turn to fail."""
        if not self._left:
            return
        if self._skip:
            self._skip -= 1
            return
        self._left -= 1
        self._failed += 1
        if self._moment == "after":
            take_effect(request)
        raise ConnectionClosedError(endpoint_url=request.url)


class Switchboard:
    """The switches of all the namespaces that a session's clients use; a request belongs to the one it names."""

    def __init__(self, session: boto3.Session) -> None:
        self._switches: dict[bytes, Failures] = {}
        for service in ("dynamodb", "sqs"):
            session.events.register(f"before-send.{service}", self._meet)

    def switch(self, mark: str) -> Failures:
        """The switch for all requests that have `mark` in their body."""
        return self._switches.setdefault(mark.encode(), Failures())

    def _meet(self, request: AWSPreparedRequest, **_: Any) -> None:
        for mark, switch in list(self._switches.items()):
            if mark in (request.body or b""):
                switch.meet(request)


def take_effect(request: AWSPreparedRequest) -> AWSResponse:
    """Sends the request beside the client, which sees nothing of the answer."""
    inside = botocore_stubber("before-send", request)
    if inside is not None:
        return inside
    session = URLLib3Session()
    try:
        answer: AWSResponse = session.send(request)
    finally:
        session.close()
    return answer
