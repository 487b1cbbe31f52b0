"""The disk, the seed and the budget of every torture."""

import os
import random
import shutil
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import gettempdir
from typing import Protocol

import pytest

from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_testkit import Harness
from lazyjobs_testkit.crash import ChildProcess, Site, fork_server
from lazyjobs_testkit.harness import Namespaces
from torture.disk import Disk, build_shim
from torture.harness import ROOT, file_of

Tell = Callable[..., None]


class OpenSite(Protocol):
    """See the fixture."""

    def __call__(self, harness: type[Harness], *, new: bool = False) -> Site: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("torture")
    group.addoption("--long", action="store_true", help="try every place, and many more instants")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    group.addoption("--root", default=memory, help="the directory for the files; in memory, since only calls count")
    group.addoption("--seed", type=int, default=None, help="reproduce the choices of a run")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(100_000)
    if config.option.root is not None:
        os.environ[ROOT] = config.option.root


def pytest_report_header(config: pytest.Config) -> str:
    long = ", long" if config.option.long else ""
    return f"torture: seed {config.option.seed}, files below {config.option.root or gettempdir()}{long}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        if report.when == "call":
            told[report.location[2].partition("[")[0]].update(dict(report.user_properties))
    terminalreporter.section("torture")
    for name, counts in told.items():
        if counts:
            numbers = ", ".join(f"{count} {what}" for what, count in counts.items())
            terminalreporter.line(f"{name.removeprefix('test_').replace('_', ' ')}: {numbers}")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Adds to the counts in the summary: what was tried, how often, and what was found."""
    return lambda **told: request.node.user_properties.extend(
        (what.replace("_", " "), count) for what, count in told.items()
    )


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for everything."""
    return bool(request.config.option.long)


@pytest.fixture
def choices(request: pytest.FixtureRequest) -> random.Random:
    """Chance, the same in each run with the same seed."""
    return random.Random(request.config.option.seed ^ zlib.crc32(request.node.name.encode()))


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """The disk of every child process that is started from now on."""
    directory = tmp_path_factory.mktemp("disk")
    disk = Disk(build_shim(directory), directory)
    before = dict(os.environ)
    os.environ.update(disk.environment)
    yield disk
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is ready for use and has no records."""
    file = tmp_path_factory.mktemp("ready") / "jobs.db"
    SQLiteBackend(file).close()
    return file


@pytest.fixture
def open_site(disk: Disk, ready_file: Path) -> Iterator[OpenSite]:
    """Makes a fresh namespace to torture, on the disk; its file is ready for use, or not there yet if it is `new`."""
    with ExitStack() as exits:
        witnesses: dict[type[Harness], ChildProcess] = {}

        def open_site(harness: type[Harness], *, new: bool = False) -> Site:
            if harness not in witnesses:
                witnesses[harness] = exits.enter_context(fork_server(harness).fork("reopened"))
            namespaces = Namespaces(harness())
            site = Site(harness(), namespaces.create(), witness=witnesses[harness])
            exits.callback(namespaces.destroy, site.namespace)
            file = file_of(site.namespace)
            disk.watch(file.parent)
            file.parent.mkdir(parents=True)
            if not new:
                shutil.copy(ready_file, file)
            return site

        yield open_site


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where a disk may remember."""
    return tmp_path / "log"
