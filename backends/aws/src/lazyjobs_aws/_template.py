"""The CloudFormation template, from the same definition as the command `create`."""

from collections.abc import Iterable
from typing import Any

from lazyjobs_aws._address import Address
from lazyjobs_aws._layout import QUEUE_ATTRIBUTES, TTL_ATTRIBUTE, Layout


def make_template(address: Address, layout: Layout, queues: Iterable[str]) -> dict[str, Any]:
    """A template that makes what `lazyjobs-aws create` makes; the table outlives its stack."""
    table = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            **layout.define(address.table),
            "TimeToLiveSpecification": {"AttributeName": TTL_ATTRIBUTE, "Enabled": True},
        },
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"lazyjobs: the jobs of {address.prefix}",
        "Resources": {
            "Jobs": table,
            **{f"Hints{number}": _queue(address.queue(name)) for number, name in enumerate(queues, start=1)},
        },
    }


def _queue(name: str) -> dict[str, Any]:
    attributes = {attribute: int(value) for attribute, value in QUEUE_ATTRIBUTES.items()}
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **attributes}}
