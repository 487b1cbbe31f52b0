"""Services on a bad day: answers lost, repeated, throttled and late, an index that is behind."""

import json
import random
import time
from threading import Lock, Timer
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from moto.core.botocore_stubber import MockRawResponse

from aws_support.place import REGION
from lazyjobs_aws.emulator import take_effect

_LATEST = 0.3
"""In seconds."""


class Chaos:
    """A session whose requests fare badly, each with a certain likelihood."""

    def __init__(self, seed: int, likelihood: float = 0.04, stale: float = 0.16) -> None:
        self.session = boto3.Session("chaos", "chaos", region_name=REGION)
        self.counts: dict[str, int] = {}
        self._random = random.Random(seed)
        self._likelihood = likelihood
        self._stale = stale
        self._lock = Lock()
        self._answers: dict[bytes, bytes] = {}
        self._timers: list[Timer] = []
        self._over = False
        for service in ("dynamodb", "sqs"):
            self.session.events.register(f"before-send.{service}", self._meet)
        self.session.events.register("before-parameter-build.sqs.SendMessage", self._delay)

    def end(self) -> None:
        """From now on all is well; what is still late is waited for."""
        self._over = True
        for timer in self._timers:
            timer.join()

    def _draw(self) -> str:
        with self._lock:
            kinds = ("dropped", "lost", "repeated", "throttled", "late")
            place = int(self._random.random() / self._likelihood)
            kind = kinds[place] if place < len(kinds) and not self._over else ""
            if kind:
                self.counts[kind] = self.counts.get(kind, 0) + 1
            return kind

    def _meet(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        kind = self._draw()
        if kind in ("lost", "repeated"):
            take_effect(request)
        if kind == "late":
            timer = Timer(self._random.uniform(0, _LATEST), take_effect, [request])
            timer.start()
            self._timers.append(timer)
        if kind in ("dropped", "lost", "late"):
            raise ConnectionClosedError(endpoint_url=request.url)
        if kind == "throttled":
            return _answer(request, 400, {"__type": "ThrottlingException", "message": "slow down"})
        return self._perhaps_stale(request)

    def _perhaps_stale(self, request: AWSPreparedRequest) -> AWSResponse | None:
        """An earlier answer to the same query of an index, now and then."""
        body = request.body or b""
        if b"IndexName" not in body or self._over:
            return None
        fresh = take_effect(request)
        assert fresh is not None
        with self._lock:
            earlier = self._answers.get(body)
            if earlier is None or self._random.random() >= self._stale:
                earlier = self._answers[body] = fresh.content
            else:
                self.counts["stale"] = self.counts.get("stale", 0) + 1
        return AWSResponse(request.url, fresh.status_code, fresh.headers, MockRawResponse(earlier))

    def _delay(self, params: dict[str, Any], **_: Any) -> None:
        with self._lock:
            if not self._over:
                params["DelaySeconds"] = self._random.choice((0, 0, 0, 1, 2))


def _answer(request: AWSPreparedRequest, status: int, content: dict[str, str]) -> AWSResponse:
    headers = {"Content-Type": "application/x-amz-json-1.0", "Date": str(time.time())}
    return AWSResponse(request.url, status, headers, MockRawResponse(json.dumps(content)))
