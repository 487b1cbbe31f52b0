"""Work for a fresh interpreter, seen from both sides."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.json import decode, encode

Figures = dict[str, float]
Order = TypeVar("Order", bound=Struct)

TIMEOUT = 300


def order_apart(
    module: str, order: Struct, environment: Mapping[str, str] | None = None, timeout: float = TIMEOUT
) -> Figures:
    """What `module`, which calls `obey`, answers to the order in an interpreter of its own, within so many seconds.

    `environment` is added to this process's. Raises RuntimeError with the new process's output if it failed.
    """
    command = [sys.executable, "-m", module, encode(order).decode()]
    whole = {**os.environ, **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=whole)
    if done.returncode:
        raise RuntimeError(f"{module} failed at {order}:\n{done.stderr}")
    return decode(done.stdout, type=Figures)


def obey(order_type: type[Order], perform: Callable[[Order], Figures]) -> None:
    """Performs the order on the command line and answers; never returns."""
    order = decode(sys.argv[1], type=order_type)
    logging.disable()  # no contender's log lines are measured
    sys.stdout.write(encode(perform(order)).decode())
    sys.stdout.flush()
    os._exit(0)  # a backlog that was only weighed must not be worked off now
