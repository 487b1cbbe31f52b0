"""What can be wrong with the use of a runner."""

from lazyjobs.contract import LazyJobsError


class NoRunnerError(LazyJobsError, LookupError):
    """No runner is current here; enter `use_runner(runner)` around this code, or call it inside a job."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class NoJobError(LazyJobsError, LookupError):
    """No job is being run here; `current_job` may be called inside `work` only."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class RunnerStateError(LazyJobsError, RuntimeError):
    """The runner is not in the state that the call needs, such as stopped when it is to be configured."""
