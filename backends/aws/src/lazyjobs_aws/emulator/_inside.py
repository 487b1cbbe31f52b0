"""moto in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from lazyjobs_aws.emulator._lock import Turnstile

Answer = tuple[int, dict[str, Any], str | bytes] | None


@contextmanager
def emulated_here() -> Iterator[None]:
    """Both services are emulated for every client of this process, each request as a whole; nothing lasts longer."""
    turnstile = Turnstile()
    process_request = BotocoreStubber.process_request

    def process_in_turn(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Answer:
        def ask(body: bytes) -> Answer:
            request.body = body
            return process_request(stubber, request)

        target = request.headers.get("X-Amz-Target", "")
        target = target.decode() if isinstance(target, bytes) else target
        body = request.body or b""
        return turnstile.pass_through(
            target, body, ask, lambda answer: answer is None or b"Messages" not in _bytes(answer[2])
        )

    with patch.object(BotocoreStubber, "process_request", process_in_turn), mock_aws():
        yield


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body
