"""The emulator that this process and its children use."""

import atexit
import os
import subprocess
import sys
from functools import cache

from lazyjobs_aws.emulator._probe import assert_atomic

ENDPOINT = "LAZYJOBS_AWS_ENDPOINT"
"""The environment variable with the URL of an emulator that is running."""


def endpoint_of_emulator() -> str:
    """The URL in `ENDPOINT`, or of a server of moto that is started for as long as this process lives.

    Child processes find it by the variable. Raises `UnsafeEmulatorError` for one whose conditional writes are not
    atomic, since nothing tried on it would mean anything.
    """
    return os.environ.get(ENDPOINT) or _start()


@cache
def _start() -> str:
    server = subprocess.Popen(
        [sys.executable, "-m", "lazyjobs_aws.emulator._serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(_end, server)
    assert server.stdout is not None
    endpoint = server.stdout.readline().strip()
    if not endpoint:
        raise RuntimeError(f"the emulator ended with exit code {server.wait()} before it served")
    assert_atomic(endpoint)
    os.environ[ENDPOINT] = endpoint
    return endpoint


def _end(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.communicate()
