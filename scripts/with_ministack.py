"""Runs a command beside an emulator of DynamoDB and SQS, whose URL it finds in LAZYJOBS_AWS_ENDPOINT.

The emulator is ministack, of an environment of its own, on a free port of this machine's loopback; it ends with the
command.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

MINISTACK = Path(__file__).parent.parent / ".emulators" / "ministack" / "bin" / "ministack"
HOST = "127.0.0.1"
PATIENCE = 30.0


def main(command: list[str]) -> int:
    """The command's exit code."""
    port = find_port()
    environment = {"BIND_HOST": HOST, "GATEWAY_PORT": str(port), "SERVICES": "sqs,dynamodb", "LOG_LEVEL": "ERROR"}
    emulator = subprocess.Popen(
        [MINISTACK], env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_served(port, emulator)
        return subprocess.run(
            command, env={**os.environ, "LAZYJOBS_AWS_ENDPOINT": f"http://{HOST}:{port}"}, check=False
        ).returncode
    finally:
        emulator.terminate()
        emulator.wait()


def find_port() -> int:
    """A port that is free now."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port


def wait_until_served(port: int, emulator: "subprocess.Popen[bytes]") -> None:
    """Returns once the emulator answers; raises RuntimeError if it ends or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and emulator.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{MINISTACK} does not serve on port {port}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
