"""What moto lacks: requests one at a time, so that conditional writes are atomic, and long polls beside them."""

import json
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

_RECEIVE = "AmazonSQS.ReceiveMessage"
_PAUSE = 0.02


class Turnstile:
    """Lets one request at a time to an emulator that was not made for more."""

    def __init__(self) -> None:
        self._lock = Lock()

    def pass_through(self, target: str, body: bytes, ask: Callable[[bytes], T], empty: Callable[[T], bool]) -> T:
        """What `ask` answers to the body; a long poll asks again and again, so that nobody else has to wait for it."""
        body, seconds = _without_waiting(target, body)
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                answer = ask(body)
            if not seconds or not empty(answer) or time.monotonic() >= deadline:
                return answer
            time.sleep(_PAUSE)


def _without_waiting(target: str, body: bytes) -> tuple[bytes, float]:
    if target != _RECEIVE:
        return body, 0.0
    parameters = json.loads(body)
    seconds = float(parameters.get("WaitTimeSeconds", 0))
    return json.dumps({**parameters, "WaitTimeSeconds": 0}).encode(), seconds
