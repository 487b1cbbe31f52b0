"""The application: its jobs and its runner. Which storage it runs on is not said here, but by whoever starts it."""

from datetime import timedelta

from examples.checksums.jobs import Checksum
from lazyjobs import JobRunner

runner = JobRunner(jobs=[Checksum], workers=4, lease=timedelta(seconds=2))
"""A job takes milliseconds, and whoever starts again after a crash waits for the leases of those that were running."""
