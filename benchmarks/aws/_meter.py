"""Counts what the clients of a session are charged for."""

from typing import Any

import boto3
from msgspec import Struct

_ONCE = {"DescribeTable", "GetQueueUrl"}
"""What a process asks for once."""


class Charges(Struct):
    """What was used, in the units of the bills."""

    write_units: float = 0.0
    read_units: float = 0.0
    sqs_requests: float = 0.0
    requests: float = 0.0


class Meter:
    """Asks DynamoDB what each request consumed, and counts those to SQS; for the session's future clients.

    What a process asks for only once, its table and its queues, is left out.
    """

    def __init__(self, session: boto3.Session) -> None:
        self.charges = Charges()
        session.events.register("provide-client-params.dynamodb", self._ask)
        session.events.register("after-call.dynamodb", self._note_dynamodb)
        session.events.register("after-call.sqs", self._note_sqs)

    def reset(self) -> None:
        self.charges = Charges()

    def _ask(self, params: dict[str, Any], model: Any, **_: object) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"

    def _note_dynamodb(self, model: Any, parsed: dict[str, Any], **_: object) -> None:
        if model.name in _ONCE:
            return
        self.charges.requests += 1
        found = parsed.get("ConsumedCapacity", [])
        for consumed in found if isinstance(found, list) else [found]:
            if model.name in ("PutItem", "UpdateItem", "DeleteItem"):
                self.charges.write_units += consumed["CapacityUnits"]
            else:
                self.charges.read_units += consumed["CapacityUnits"]

    def _note_sqs(self, model: Any, **_: object) -> None:
        if model.name in _ONCE:
            return
        self.charges.requests += 1
        self.charges.sqs_requests += 1
