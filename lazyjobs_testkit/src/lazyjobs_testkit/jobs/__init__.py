"""For the tests of applications: jobs kept in memory, run when the test says so, by a clock that the test moves."""

from lazyjobs_testkit.jobs._clock import Clock
from lazyjobs_testkit.jobs._entry import Enqueued
from lazyjobs_testkit.jobs._jobs import Jobs

__all__ = ["Clock", "Enqueued", "Jobs"]
