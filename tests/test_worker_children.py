"""What the processes that a job makes do about signals: what they would do without a worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lazyjobs.cli._signals import STOPPING, Wakeup, stop_signals
from tests.support.waiting import GENEROUS, wait_until

ROOT = Path(__file__).parents[1]
TIMEOUT = GENEROUS.total_seconds()
INTERRUPTED = 3

APPLICATION = r"""
import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lazyjobs import BaseJob, JobRunner

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def sleep():
    time.sleep(60)


def terminate(method):
    process = multiprocessing.get_context(method).Process(target=sleep)
    process.start()
    process.terminate()
    process.join(20)
    return process.exitcode


def fork():
    child = os.fork()
    if not child:
        time.sleep(60)
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def pool(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        pool.apply_async(sleep)
        pool.apply(abs, (1,))
    return -signal.SIGTERM


def execute(**more):
    with subprocess.Popen(SLEEP, **more) as process:
        process.terminate()
    return process.returncode


def spawn():
    child = os.posix_spawn(sys.executable, SLEEP, os.environ)
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


async def execute_async():
    process = await asyncio.create_subprocess_exec(*SLEEP)
    process.terminate()
    return await process.wait()


WAYS = {
    "os.fork": fork,
    "fork": lambda: terminate("fork"),
    "spawn": lambda: terminate("spawn"),
    "forkserver": lambda: terminate("forkserver"),
    "pool": lambda: pool("fork"),
    "pool of forkserver": lambda: pool("forkserver"),
    "subprocess": execute,
    "preexec": lambda: execute(preexec_fn=lambda: None),
    "session": lambda: execute(start_new_session=True),
    "posix_spawn": spawn,
    "asyncio": lambda: asyncio.run(execute_async()),
}


@dataclass
class Make(BaseJob):
    kind = "make"
    way: str

    def work(self):
        Path("ended").write_text(str(WAYS[self.way]()))


runner = JobRunner("memory://", jobs=[Make])
if __name__ == "app":
    if way := os.environ.get("WAY"):
        runner.enqueue(Make(way))
"""
WAYS = (
    "os.fork",
    "fork",
    "spawn",
    "forkserver",
    "pool",
    "pool of forkserver",
    "subprocess",
    "preexec",
    "session",
    "posix_spawn",
    "asyncio",
)


@pytest.mark.parametrize("way", WAYS)
def test_a_child_of_a_job_is_ended_by_a_signal(tmp_path: Path, way: str) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path))), "WAY": way}
    with subprocess.Popen(
        [sys.executable, "-m", "lazyjobs", "worker", "app:runner", "--drain"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as worker:
        try:
            _, log = worker.communicate(timeout=TIMEOUT)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
    assert worker.returncode == 0, log
    assert (tmp_path / "ended").read_text() == str(-signal.SIGTERM), log


@pytest.fixture
def wakeup() -> Iterator[Wakeup]:
    """Signals wake it, as in a worker."""
    wakeup = Wakeup()
    with stop_signals(wakeup):
        yield wakeup


def fork_in_a_thread(child: Callable[[], None]) -> int:
    """Forks as a job does, not in the main thread; returns the child's process id."""
    found: list[int] = []

    def fork() -> None:
        parent = os.getpid()
        try:
            process = os.fork()  # in the child a KeyboardInterrupt may come out of this already
            if process == 0:
                child()
        except KeyboardInterrupt:
            if os.getpid() != parent:
                os._exit(INTERRUPTED)
            raise
        finally:
            if os.getpid() != parent:
                os._exit(0)
        found.append(process)

    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    return found[0]


def wait_for(process: int) -> int:
    statuses: list[int] = []

    def has_ended() -> bool:
        ended, status = os.waitpid(process, os.WNOHANG)
        statuses.append(status)
        return ended == process

    try:
        wait_until(has_ended, what="the end of the child")
    except AssertionError:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        raise
    return os.waitstatus_to_exitcode(statuses[-1])


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_that_comes_as_the_child_begins_ends_it(number: signal.Signals) -> None:
    # In a process of its own: what other tests have imported may run something in each child, too.
    script = f"import tests.test_worker_children as tested; tested.signal_at_every_moment({number:d})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def sleep_lightly() -> None:
    """Sleeps in short steps: a signal that comes just before Python begins to sleep is heard when it wakes."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        time.sleep(0.01)


def signal_at_every_moment(number: int) -> None:
    """Starts with a module that runs something of its own in each child, imported as an application is."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: sum(range(20_000)))
    with stop_signals(Wakeup()):
        for attempt in range(50):
            process = fork_in_a_thread(sleep_lightly)
            time.sleep(attempt / 50_000)  # another moment each time
            os.kill(process, number)
            assert wait_for(process) in (-number, INTERRUPTED)


@pytest.mark.usefixtures("wakeup")
def test_the_child_has_the_handlers_the_mask_and_the_wakeup_of_before() -> None:
    def look() -> None:
        handlers = [signal.getsignal(number) for number in STOPPING]
        expected = [signal.SIG_DFL, signal.default_int_handler]
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        os._exit(7 if handlers == expected and not blocked and signal.set_wakeup_fd(-1) == -1 else 8)

    assert wait_for(fork_in_a_thread(look)) == 7


def test_the_parent_handles_signals_as_before_the_fork(wakeup: Wakeup) -> None:
    assert wait_for(fork_in_a_thread(lambda: None)) == 0
    os.kill(os.getpid(), signal.SIGTERM)
    wakeup.sleep()
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
