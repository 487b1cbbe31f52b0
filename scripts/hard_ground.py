"""Runs tests under every condition that a machine may have, each time in another random order.

`python scripts/hard_ground.py --only load tests/test_times.py`: the arguments that are no options go to pytest, and are
`tests` if there are none. What needs a copy of the checkout tries what is committed.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

ROOT = Path(__file__).parents[1]
USER = "lazyjobs-tester"
BUSY = 16

Run = Callable[[Sequence[str]], int]
"""Runs pytest with these arguments; its exit code."""
Condition = Callable[[], AbstractContextManager[Run]]


def main() -> int:
    """The exit code: 1 if a test failed under some condition."""
    parser = argparse.ArgumentParser(prog="hard_ground.py", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(CONDITIONS), help="this condition alone")
    parser.add_argument("--list", action="store_true", help="name the conditions, and end")
    parser.add_argument("tests", nargs="*", default=["tests"])
    options, more = parser.parse_known_args()
    if options.list:
        print("\n".join(CONDITIONS))
        return 0
    failed = []
    for name in options.only or CONDITIONS:
        print(f"== {name}", flush=True)
        began = monotonic()
        with CONDITIONS[name]() as run:
            code = run([*options.tests, *more])
        print(f"== {name}: {'failed' if code else 'passed'} in {monotonic() - began:.0f} s", flush=True)
        if code:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "passed under every condition")
    return 1 if failed else 0


def run_pytest(
    arguments: Sequence[str], *, root: Path = ROOT, variables: Mapping[str, str] | None = None, **options: Any
) -> int:
    """Runs pytest of the checkout at `root`, with no more in its environment than `variables`."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **(variables or {})}
    command = [str(root / ".venv/bin/python"), "-m", "pytest", "-q", *arguments]
    code: int = subprocess.run(command, cwd=root, env=environment, check=False, **options).returncode
    return code


def with_variables(**variables: str) -> Condition:
    """Something in the environment."""

    @contextmanager
    def condition() -> Iterator[Run]:
        yield lambda arguments: run_pytest(arguments, variables=variables)

    return condition


def with_umask(umask: int) -> Condition:
    """Files that are made for nobody else, or for everybody."""

    @contextmanager
    def condition() -> Iterator[Run]:
        yield lambda arguments: run_pytest(arguments, umask=umask)

    return condition


@contextmanager
def with_warnings() -> Iterator[Run]:
    """Every warning is an error, for Python and for pytest."""
    yield lambda arguments: run_pytest(["-W", "error", *arguments], variables={"PYTHONWARNINGS": "error"})


@contextmanager
def in_the_background() -> Iterator[Run]:
    """As `nohup make test &` or cron start it: Ctrl-C and hanging up are ignored, and nothing can be read."""

    def ignore() -> None:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    yield lambda arguments: run_pytest(arguments, preexec_fn=ignore, stdin=subprocess.DEVNULL, start_new_session=True)


@contextmanager
def beside_load() -> Iterator[Run]:
    """Many processes that never rest."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        yield run_pytest
    finally:
        for process in busy:
            process.kill()
            process.wait()


@contextmanager
def in_a_directory_with_a_space() -> Iterator[Run]:
    """A copy of the checkout, with an environment of its own."""
    with tempfile.TemporaryDirectory(prefix="lazyjobs here and there ") as place:
        root = copy_checkout(Path(place))
        subprocess.run(["make", "setup"], cwd=root, check=True)
        yield lambda arguments: run_pytest(arguments, root=root)


@contextmanager
def as_somebody_without_privileges() -> Iterator[Run]:
    """A copy of the checkout that belongs to a user who may do nothing else; takes root to make that user."""
    if os.getuid() != 0:
        yield run_pytest  # who is not root is such a user
        return
    subprocess.run(["useradd", "--create-home", USER], check=True)
    try:
        root = copy_checkout(Path("~" + USER).expanduser())
        subprocess.run(["chown", "-R", f"{USER}:", root], check=True)
        home = {"HOME": str(root.parent)}
        them: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []}
        environment = {**os.environ, **home}
        subprocess.run(["make", "setup"], cwd=root, env=environment, check=True, **them)
        yield lambda arguments: run_pytest(arguments, root=root, variables=home, **them)
    finally:
        subprocess.run(["userdel", "--remove", USER], check=True)


def copy_checkout(place: Path) -> Path:
    """A clone below `place`, of what is committed."""
    root = place / "lazyjobs"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
    return root


CONDITIONS: Mapping[str, Condition] = {
    "nothing in the environment": with_variables(),
    "unbuffered": with_variables(PYTHONUNBUFFERED="1"),
    "warnings are errors": with_warnings,
    "locale C": with_variables(LC_ALL="C"),
    "German locale": with_variables(LC_ALL="de_DE.UTF-8", LANGUAGE="de"),
    "another time zone": with_variables(TZ="Pacific/Chatham", LC_ALL="C.UTF-8"),
    "an environment full of settings": with_variables(
        LAZYJOBS_BACKEND="sqlite:////nowhere/jobs.db",
        LAZYJOBS_CONTROL_TOKEN="short",  # noqa: S106 (nobody is let in by it)
        LAZYJOBS_AWS_ENDPOINT="http://127.0.0.1:9",
        AWS_PROFILE="nobody",
        AWS_DEFAULT_REGION="nowhere-1",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        DJANGO_SETTINGS_MODULE="nowhere.settings",
        COLUMNS="20",
        LINES="3",
        NO_COLOR="1",
        FORCE_COLOR="1",
        TERM="xterm-256color",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONHASHSEED="0",
        PYTHONUTF8="0",
        PYTHONPATH="/nowhere",
        OTEL_SDK_DISABLED="true",
        OTEL_SERVICE_NAME="somebody",
    ),
    "files for nobody else": with_umask(0o077),
    "files for everybody": with_umask(0),
    "in the background": in_the_background,
    "beside load": beside_load,
    "in a directory with a space": in_a_directory_with_a_space,
    "as somebody without privileges": as_somebody_without_privileges,
}


if __name__ == "__main__":
    sys.exit(main())
