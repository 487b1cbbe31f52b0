"""The least that each role needs to be permitted, as IAM policies."""

from collections.abc import Mapping
from typing import Any

from lazyjobs_aws._address import Address

_TABLE: Mapping[str, tuple[str, ...]] = {
    "producer": ("DescribeTable", "PutItem"),
    "worker": ("DescribeTable", "GetItem", "UpdateItem"),
    "viewer": ("BatchGetItem", "DescribeTable", "Scan"),
    "operator": ("BatchGetItem", "DeleteItem", "DescribeTable", "GetItem", "Scan", "UpdateItem"),
}
_INDEX = {"worker": "due-*", "viewer": "feed-*", "operator": "feed-*"}
_QUEUES = {
    "producer": ("GetQueueUrl", "SendMessage"),
    "worker": ("DeleteMessage", "GetQueueUrl", "ReceiveMessage"),
}

ROLES = tuple(_TABLE)
"""A producer inserts, a worker claims, finishes and extends, a viewer lists and counts, an operator prunes and cleans.

Jobs that enqueue other jobs need the first two.
"""


def make_policy(address: Address, role: str) -> dict[str, Any]:
    """The IAM policy of one of `ROLES` for one namespace."""
    table = f"arn:aws:dynamodb:{address.region}:*:table/{address.table}"
    statements = [_allow("dynamodb", _TABLE[role], table)]
    if role in _INDEX:
        statements.append(_allow("dynamodb", ("Query",), f"{table}/index/{_INDEX[role]}"))
    if role in _QUEUES:
        statements.append(_allow("sqs", _QUEUES[role], f"arn:aws:sqs:{address.region}:*:{address.queues}*"))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(service: str, actions: tuple[str, ...], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": resource}
