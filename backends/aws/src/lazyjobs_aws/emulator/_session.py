"""The sessions that talk to an emulator: any credentials will do."""

import os
from functools import cache

import boto3

from lazyjobs_aws.emulator._failures import Switchboard


def emulator_session() -> boto3.Session:
    """The process's session, which is costly to make."""
    return _make(os.getpid())


def switchboard() -> Switchboard:
    """The switches by which requests of this process's session fail."""
    return _make_switchboard(os.getpid())


@cache
def _make(process: int) -> boto3.Session:  # noqa: ARG001 (a forked child makes its own)
    return boto3.Session(
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",  # noqa: S106 (none)
        region_name="eu-west-1",
    )


@cache
def _make_switchboard(process: int) -> Switchboard:
    return Switchboard(_make(process))
