"""What can be wrong with the use of a runner."""

from lazyjobs.contract import LazyJobsError


class NoRunnerError(LazyJobsError, LookupError):
    """No runner is current where `current_runner` was called."""

    def __init__(
        self,
        message: str = "no runner is current here; enter `use_runner(runner)` around this code, or call it in a job",
    ) -> None:
        super().__init__(message)


class NoJobError(LazyJobsError, LookupError):
    """No job is being run where `current_job` was called."""

    def __init__(
        self, message: str = "no job is being run here; `current_job` may be called inside `work` only"
    ) -> None:
        super().__init__(message)


class RunnerStateError(LazyJobsError, RuntimeError):
    """The runner is not in the state that the call needs, such as stopped when it is to be configured."""
