"""A worker process that writes down what it does, a line at a time; it ends when it is killed, or told to by a file."""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from lazyjobs import ClaimLostError, ClaimParams, CompleteParams, Record, WaitParams
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws.emulator import emulator_session

LEASE = timedelta(seconds=2)
_WORK = 0.05


def main(endpoint_url: str, prefix: str, log: str, stop: str) -> None:
    options = Options(endpoint_url=endpoint_url, sweep=0.5)
    backend = AwsBackend("eu-west-1", prefix, options=options, session=emulator_session())
    # One write a line, which the kernel appends whole.
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(what: str, record: Record, moment: float) -> None:
        os.write(file, f"{what} {record.id} {record.attempt} {moment} {os.getpid()}\n".encode())

    while not Path(stop).exists():
        record = backend.claim(ClaimParams(lease=LEASE))
        if record is None:
            backend.wait(WaitParams(timeout=timedelta(seconds=0.5)))
            continue
        assert record.lease_expires_at is not None
        note("claimed", record, record.lease_expires_at.timestamp())
        time.sleep(_WORK)
        try:
            backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        except ClaimLostError:
            note("lost", record, time.time())
        else:
            note("completed", record, time.time())
    backend.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
