"""The ground of all tests: what the machine has set is not here, and what a test leaves behind is found."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.leftovers import MARK, Leftovers, find_processes
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[1]

HOSTILE = {
    "LAZYJOBS_BACKEND": "sqlite:////nowhere/jobs.db",
    "AWS_PROFILE": "nobody",
    "DJANGO_SETTINGS_MODULE": "nowhere",
    "PYTHONUNBUFFERED": "1",
    "PYTHONOPTIMIZE": "",
    "COLUMNS": "20",
    "NO_COLOR": "1",
    "TZ": "Pacific/Chatham",
    "LC_ALL": "C",
    "KEPT": "yes",
}
INSIDE = """
import os, signal, subprocess, sys, tempfile, time

def test_the_ground():
    assert not [name for name in os.environ if name.startswith(("LAZYJOBS_B", "AWS_", "DJANGO_", "PYTHON"))]
    assert not {"COLUMNS", "NO_COLOR", "LANG"} & os.environ.keys()
    assert os.environ["KEPT"] == "yes"
    assert time.tzname == ("UTC", "UTC")
    assert os.umask(0o022) == 0o022
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    child = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, "
    child += "signal.getsignal(signal.SIGHUP) is signal.SIG_DFL)"
    assert subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout == "True True\\n"
    for place in (tempfile.gettempdir(), os.environ["HOME"]):
        assert os.stat(place).st_mode & 0o777 == 0o700
"""
LEAVING = """
import os, signal, subprocess, sys
from pathlib import Path

def test_a_process():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

def test_an_orphan():
    forked = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    subprocess.run([sys.executable, "-c", forked])

def test_a_process_of_a_test_that_fails():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert False

def test_a_directory():
    os.chdir("/")

def test_a_umask():
    os.umask(0o077)

def test_a_handler():
    signal.signal(signal.SIGTERM, lambda *_: None)
"""
IMPORTING = """
import importlib, sys

def test_a_module(tmp_path, monkeypatch):
    (tmp_path / "app.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("app")

def test_no_module():
    assert "app" not in sys.modules
"""


def run_tests(tmp_path: Path, content: str, *arguments: str, before: Callable[[], None] | None = None) -> str:
    """What pytest says of a test file, with the ground of the checkout below it."""
    ground = (ROOT / "conftest.py").read_text().replace("Path(__file__).parent", f"Path({str(ROOT)!r})")
    (tmp_path / "conftest.py").write_text(ground)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(content)
    environment = {name: value for name, value in os.environ.items() if name != MARK} | HOSTILE
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, timeout=60, preexec_fn=before
    )
    return ended.stdout


def test_nothing_of_the_machine_reaches_a_test(tmp_path: Path) -> None:
    def ignore() -> None:
        os.umask(0o077)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    told = run_tests(tmp_path, INSIDE, "--keep-variable=KEPT", before=ignore)
    assert "1 passed" in told, told


def test_what_a_test_leaves_behind_fails_it_and_is_taken_away(tmp_path: Path) -> None:
    told = run_tests(tmp_path, LEAVING)
    assert "1 failed, 5 passed, 6 errors" in told, told
    for left in ("the process", "another current directory", "the umask 77", "a handler of SIGTERM"):
        assert f"the test has left behind {left}" in told, told


def test_a_module_of_one_test_does_not_reach_the_next(tmp_path: Path) -> None:
    assert "2 passed" in run_tests(tmp_path, IMPORTING)


FORKING = """
import subprocess, sys
sleeping = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
print(sleeping.pid)
"""


def test_a_program_is_known_by_its_mark_though_nobody_waits_for_it() -> None:
    mark = f"{os.getpid()}-of-this-test"
    environment = {**os.environ, MARK: mark}
    ended = subprocess.run(
        [sys.executable, "-c", FORKING], env=environment, stdout=subprocess.PIPE, text=True, timeout=30, check=True
    )
    pid = int(ended.stdout)
    try:
        assert pid in find_processes(mark)
    finally:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pid not in find_processes(mark), what="the end of the program")


def test_what_is_there_before_a_test_is_left_alone(tmp_path: Path) -> None:
    leftovers = Leftovers(Path(tempfile.gettempdir()))
    leftovers.before()
    assert leftovers.after() == []
