"""Which steps are counted, and before which of them a process is killed."""

import os
import threading
from pathlib import Path

from lazyjobs_testkit.crash._messages import AFTER_THE_ANSWER
from lazyjobs_testkit.crash._tripwire import Tripwire, distinct_steps


def test_calls_that_may_reach_the_storage_are_steps(tmp_path: Path) -> None:
    path = tmp_path / "file"
    tripwire = Tripwire()
    tripwire.arm(AFTER_THE_ANSWER, lambda: None)
    with path.open("wb") as file:
        file.write(b"content")
    path.rename(path.with_name("renamed"))
    steps = [step for step in tripwire.disarm() if not step.startswith(("posix.fspath", "posix._path"))]
    assert steps == ["io.open", "io.BufferedWriter.write", "io.BufferedWriter.__exit__", "posix.rename"]


def test_calls_that_stay_inside_the_interpreter_are_no_steps() -> None:
    tripwire = Tripwire()
    tripwire.arm(AFTER_THE_ANSWER, lambda: None)
    sorted({"b": len("text"), "a": max(1, 2)})
    "".join(["a", "b"])
    assert tripwire.disarm() == ()


def test_the_act_comes_before_the_chosen_step(tmp_path: Path) -> None:
    path = tmp_path / "file"
    name = str(path)
    seen: list[bool] = []
    tripwire = Tripwire()
    for step in (0, 1):
        path.unlink(missing_ok=True)
        tripwire.arm(step, lambda: seen.append(path.exists()))
        os.close(os.open(name, os.O_CREAT))
        tripwire.disarm()
    assert seen == [False, True]


def test_steps_of_threads_that_start_later_count_too(tmp_path: Path) -> None:
    tripwire = Tripwire()
    before = threading.getprofile()
    tripwire.install()
    try:
        tripwire.arm(AFTER_THE_ANSWER, lambda: None)
        thread = threading.Thread(target=(tmp_path / "file").touch)
        thread.start()
        thread.join()
        steps = tripwire.disarm()
    finally:
        threading.setprofile(before)
    assert any(step.startswith("posix.") for step in steps)


def test_nothing_is_counted_when_disarmed(tmp_path: Path) -> None:
    tripwire = Tripwire()
    tripwire.arm(AFTER_THE_ANSWER, lambda: None)
    tripwire.disarm()
    (tmp_path / "file").touch()
    assert tripwire.disarm() == ()


def test_a_kill_after_a_step_that_only_reads_would_find_nothing_new() -> None:
    assert distinct_steps(("io.open", "io.BufferedReader.read", "posix.stat", "posix.replace")) == [0, 1]
