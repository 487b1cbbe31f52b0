"""The application that real worker processes run: its records and its journal are in the directory JOBS_DIRECTORY."""

import os
import signal
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from lazyjobs import BaseJob, JobRunner, current_job
from tests.support.directory import DirectoryBackend

HOME = Path(os.environ["JOBS_DIRECTORY"])
LEASE = timedelta(seconds=1)


def journal(line: str) -> None:
    """Appends a line to the journal in one write, so that no kill can split it."""
    descriptor = os.open(HOME / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


@dataclass
class Note(BaseJob):
    """Journals its beginning and its end, with some time between."""

    kind: ClassVar[str] = "note"
    seconds: float = 0.0

    def work(self) -> None:
        claim = f"{current_job().record.id} {current_job().attempt}"
        journal(f"begin {claim}")
        time.sleep(self.seconds)
        journal(f"end {claim}")


class KillsItsProcess(BaseJob):
    """Ends its process as a crash in native code would."""

    kind = "kills"
    job_max_attempts = 2

    def work(self) -> None:
        journal(f"begin {current_job().record.id} {current_job().attempt}")
        os.kill(os.getpid(), signal.SIGKILL)


runner = JobRunner(
    DirectoryBackend(HOME / "records"),
    jobs=[Note, KillsItsProcess],
    workers=4,
    lease=LEASE,
    poll_interval=timedelta(milliseconds=20),
)
