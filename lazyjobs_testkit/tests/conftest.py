"""What the kit's tests share: backends to try, made installable and importable for one test."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

BACKENDS = '''
"""Backends over shelves: named stores of this process, which every handle on the same name shares."""

from lazyjobs import BackendUnavailableError, PruneParams
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Harness, Traits

STORES = {}
SEVEN = ("insert", "claim", "complete", "retry", "discard", "list", "stats")


class Shelf:
    """The seven methods, and nothing else."""

    def __init__(self, name):
        self.name = name

    @classmethod
    def from_url(cls, url):
        return cls(url.host)

    @property
    def store(self):
        return STORES.setdefault(self.name, MemoryBackend())


for _name in SEVEN:
    setattr(Shelf, _name, lambda self, *args, _name=_name: getattr(self.store, _name)(*args))


class PrunedShelf(Shelf):
    def prune(self, params: PruneParams):
        return self.store.prune(params)


class ShelfHarness(Harness):
    backend = Shelf

    def open(self, namespace):
        return self.backend(namespace)

    def destroy(self, namespace):
        STORES.pop(namespace, None)


class Forgetful(Shelf):
    """Cannot insert."""

    def insert(self, params):
        raise BackendUnavailableError("no room")


class ForgetfulHarness(ShelfHarness):
    backend = Forgetful


class Miscounting(Shelf):
    """Counts a record too many."""

    def stats(self):
        import msgspec
        stats = self.store.stats()
        return msgspec.structs.replace(stats, total=stats.total + 1)


class MiscountingHarness(ShelfHarness):
    backend = Miscounting


class Stuck(Shelf):
    """Never comes back from a call."""

    def insert(self, params):
        import pathlib, time
        pathlib.Path("stuck").touch()
        time.sleep(60)


class StuckHarness(ShelfHarness):
    backend = Stuck


class OneShelfHarness(ShelfHarness):
    """Pays no heed to the namespace."""

    def open(self, namespace):
        return Shelf("the one")

    def destroy(self, namespace):
        STORES.clear()
'''

Install = Callable[[Mapping[str, Mapping[str, str]]], None]


@pytest.fixture
def shelves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a module `shelves` with the backends above, importable for this test."""
    (tmp_path / "shelves.py").write_text(BACKENDS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shelves", raising=False)
    return tmp_path


@pytest.fixture
def install(shelves: Path) -> Install:
    """Makes entry points of the module `shelves`, by group and name, look installed for this test."""

    def install_entry_points(groups: Mapping[str, Mapping[str, str]]) -> None:
        info = shelves / "shelves-2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelves\nVersion: 2.0\n")
        (info / "top_level.txt").write_text("shelves\n")
        lines = (
            line
            for group, names in groups.items()
            for line in (f"[{group}]", *(f"{n} = {t}" for n, t in names.items()))
        )
        (info / "entry_points.txt").write_text("\n".join(lines))

    return install_entry_points


class Written:
    """A distribution that was only written, made to look installed: without an installer, offline and in no time."""

    def __init__(self, directory: Path) -> None:
        project = tomllib.loads((directory / "pyproject.toml").read_text())["project"]
        self.source = (directory / "src").absolute()
        info = self.source / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(metadata)
        groups = (
            f"[{group}]\n" + "\n".join(f"{name} = {target}" for name, target in names.items())
            for group, names in project["entry-points"].items()
        )
        (info / "entry_points.txt").write_text("\n".join(groups))

    def run(self, *command: str, directory: Path = Path()) -> "subprocess.CompletedProcess[str]":
        """Runs a command of this interpreter's in a process of its own for which the distribution is installed."""
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": str(self.source),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=300, check=False
        )


@pytest.fixture
def install_written() -> Callable[[Path], Written]:
    """What makes the distribution in a directory look installed."""
    return Written
