"""The application: its jobs and its runner. Which storage it runs on is not said here, but by whoever starts it."""

from examples.checksums.jobs import Checksum
from lazyjobs import JobRunner

runner = JobRunner(jobs=[Checksum], workers=4)
