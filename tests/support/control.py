"""What the control plane is tested with: a runner that has something to show, and one whose backend fails."""

from lazyjobs import BackendUnavailableError, JobRunner
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do

SECRET = "not to be shown"
FAILURE = b"no snapshot: BackendUnavailableError: the disk is gone: try again\n"


def make_runner() -> JobRunner:
    """A runner that is not running, with two records whose payloads hold SECRET."""
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    for _ in range(2):
        runner.enqueue(Do(name=SECRET))
    return runner


def make_failing_runner() -> JobRunner:
    """A runner that can be asked nothing; the answer is FAILURE."""

    def fail(_: str) -> None:
        raise BackendUnavailableError("the disk is gone:\n\ttry again")

    return JobRunner(PlainBackend(fail), jobs=[Do])
