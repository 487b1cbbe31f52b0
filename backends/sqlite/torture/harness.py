"""How the torture gets at the backend: each namespace is a directory of its own."""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from lazyjobs import Record
from lazyjobs_sqlite import SQLiteBackend, conformance
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.harness import private_directory
from torture.disk import TellingConnection

ROOT = "LAZYJOBS_TORTURE_ROOT"
"""The variable that says below which directory the files are."""
_FEW_PAGES = 20


class OftenCheckpointing(sqlite3.Connection):
    """Moves the log into the file every few commits, so that this too is interrupted."""

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if statement.startswith("PRAGMA wal_autocheckpoint"):
            statement = f"PRAGMA wal_autocheckpoint = {_FEW_PAGES}"
        return super().execute(statement, *parameters)


class Telling(TellingConnection, OftenCheckpointing):
    """Both."""


class FullHarness(Harness):
    """What is acknowledged survives a power cut."""

    traits = Traits(durable=True, multi_process=True)
    durability: ClassVar[str] = "full"
    connection_class: ClassVar[type[sqlite3.Connection]] = OftenCheckpointing

    def __init__(self) -> None:
        # Once, in the process from which the others are forked: what opening does is counted.
        _home(os.environ.get(ROOT))

    def open(self, namespace: str) -> SQLiteBackend:
        file = file_of(namespace)
        file.parent.mkdir(parents=True, exist_ok=True)
        return SQLiteBackend(file, durability=self.durability, connection_class=self.connection_class)

    def destroy(self, namespace: str) -> None:
        shutil.rmtree(file_of(namespace).parent, ignore_errors=True)


class NormalHarness(FullHarness):
    """What is acknowledged survives its process, and not a power cut."""

    durability = "normal"


class TellingHarness(FullHarness):
    """Tells every statement to the disk, so that it can kill before each."""

    connection_class = Telling


class TellingNormalHarness(TellingHarness):
    """The same for the other way of writing."""

    durability = "normal"


def file_of(namespace: str) -> Path:
    """The database of a namespace."""
    return _home(os.environ.get(ROOT)) / namespace / "jobs.db"


@cache
def _home(root: str | None) -> Path:
    return private_directory("lazyjobs-torture", root)


def make_old_file(file: Path) -> Sequence[Record]:
    """A file as the oldest version wrote it; its records."""
    namespace = f"torture_{os.getpid()}"
    harness = conformance.SQLiteHarness()
    records = harness.old_schema(namespace)
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(conformance._path(namespace), file)
    harness.destroy(namespace)
    return records
