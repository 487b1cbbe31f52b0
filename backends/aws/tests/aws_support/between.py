"""A worker who acts between a request, whose answer is lost, and the client's repetition of it."""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError

from aws_support.place import REGION
from lazyjobs_aws.emulator import take_effect


class Between:
    """A session, one of whose requests takes effect and then fails, once something else has happened."""

    def __init__(self) -> None:
        self.session = boto3.Session("any", "any", region_name=REGION)
        self.session.events.register("before-send.dynamodb", self._meet)
        self._operation = ""
        self._act: Callable[[], object] | None = None
        self._skip = 0

    def arm(self, operation: str, act: Callable[[], object], skip: int = 0) -> None:
        """Loses the answer to the request of that operation that comes after `skip` others, and then acts."""
        self._operation, self._act, self._skip = f".{operation}", act, skip

    @property
    def happened(self) -> bool:
        return self._act is None

    def _meet(self, request: AWSPreparedRequest, **_: Any) -> None:
        target = request.headers["X-Amz-Target"]
        target = target.decode() if isinstance(target, bytes) else target
        if self._act is None or not target.endswith(self._operation):
            return
        if self._skip:
            self._skip -= 1
            return
        act, self._act = self._act, None
        take_effect(request)
        act()
        raise ConnectionClosedError(endpoint_url=request.url)
