"""Emulators of both services for tests and for trying things out; needs moto, of the extra `emulator`."""

from lazyjobs_aws.emulator._failures import Failures, take_effect
from lazyjobs_aws.emulator._inside import emulated_here
from lazyjobs_aws.emulator._probe import assert_atomic
from lazyjobs_aws.emulator._process import ENDPOINT, endpoint_of_emulator
from lazyjobs_aws.emulator._session import emulator_session, switchboard

__all__ = [
    "ENDPOINT",
    "Failures",
    "assert_atomic",
    "emulated_here",
    "emulator_session",
    "endpoint_of_emulator",
    "switchboard",
    "take_effect",
]
