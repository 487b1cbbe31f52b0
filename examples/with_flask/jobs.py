"""What the worker does, and the runner that the application and the worker have in common."""

import gzip
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lazyjobs import BaseJob, JobRunner


def files() -> Path:
    """Where the files are."""
    return Path(os.environ.get("FILES", "files"))


@dataclass
class Compress(BaseJob):
    """Writes a compressed copy beside a file."""

    kind = "files.compress"
    job_max_attempts = 5
    name: str

    def work(self) -> None:
        """Compresses, and puts the copy in its place in one step: a second run does no harm."""
        draft = files() / f"{self.name}.draft"
        with (files() / self.name).open("rb") as source, gzip.open(draft, "wb") as target:
            shutil.copyfileobj(source, target)
        draft.rename(files() / f"{self.name}.gz")


runner = JobRunner(os.environ.get("LAZYJOBS_BACKEND", "sqlite:///jobs.db"), jobs=[Compress])
