"""A process that forks while a runner runs."""

import os
from datetime import timedelta

from lazyjobs import JobRunner, State
from tests.support.jobs import Do, action


def in_child(check: "object") -> int:
    """Runs `check` in a forked child; returns its exit code: 0 if it returned True."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if check() is True else 1  # type: ignore[operator]
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_the_runner_of_the_child_is_not_running_and_can_be_started_there() -> None:
    with JobRunner("memory://", jobs=[Do], poll_interval=timedelta(milliseconds=20)) as runner:
        runner.enqueue(action(lambda: None))

        def check() -> bool:
            if runner.running:
                return False
            runner.enqueue(action(lambda: None))
            return runner.drain(timedelta(seconds=10)) and runner.backend.stats().by_state == {State.SUCCEEDED: 1}

        assert in_child(check) == 0
        assert runner.running


def test_the_child_opens_a_backend_of_its_own() -> None:
    with JobRunner("memory://", jobs=[Do], poll_interval=timedelta(milliseconds=20)) as runner:
        parents = runner.backend
        assert in_child(lambda: runner.backend is not parents) == 0
        assert runner.backend is parents
