"""How the torture gets at the backend: each namespace is a directory of its own."""

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import ClassVar

from lazyjobs import Backend
from lazyjobs_testkit import Harness, Traits
from torture.disk import tell_statements
from torture.stand_in import StandIn

ROOT = Path(os.environ.get("LAZYJOBS_TORTURE_ROOT", Path(tempfile.gettempdir()) / f"lazyjobs-torture-{os.getuid()}"))


class FullHarness(Harness):
    """What is acknowledged survives a power cut."""

    traits = Traits(durable=True, multi_process=True)
    backend: ClassVar[type] = StandIn
    durability: ClassVar[str] = "full"

    def open(self, namespace: str) -> Backend:
        file = file_of(namespace)
        file.parent.mkdir(parents=True, exist_ok=True)
        return StandIn(str(file), self.durability)

    def destroy(self, namespace: str) -> None:
        shutil.rmtree(file_of(namespace).parent, ignore_errors=True)


class NormalHarness(FullHarness):
    """What is acknowledged survives its process, and not a power cut."""

    durability = "normal"


def file_of(namespace: str) -> Path:
    """The database of a namespace."""
    return ROOT / namespace / "jobs.db"


class TellingHarness(FullHarness):
    """Tells every statement to the disk, so that it can kill before each."""

    def open(self, namespace: str) -> Backend:
        if not hasattr(sqlite3.connect, "__wrapped__"):
            tell_statements()
        return super().open(namespace)
