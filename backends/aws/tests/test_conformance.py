"""The backend keeps the contract, on moto in this process: of the conformance kit's suite what takes a minute.

`make aws` runs all of it, and on servers.
"""

import atexit
from contextlib import ExitStack
from functools import cache

from msgspec.structs import replace

from lazyjobs_aws.conformance import AwsHarness
from lazyjobs_aws.emulator import emulated_here
from lazyjobs_testkit import conformance_suite


@cache
def emulate_here() -> None:
    """From now on, until the process ends; the kit opens namespaces before any fixture could."""
    emulation = ExitStack()
    emulation.enter_context(emulated_here())
    atexit.register(emulation.close)


class InsideHarness(AwsHarness):
    """On the emulator in this process, which no other process shares."""

    name = "aws-inside"
    traits = replace(AwsHarness.traits, multi_process=False, durable=False)

    def __init__(self) -> None:
        super().__init__()
        emulate_here()

    def endpoint(self) -> str | None:
        return None


TestAwsInside = conformance_suite(InsideHarness)
