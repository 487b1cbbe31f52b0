import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lazyjobs import CompleteParams, InsertParams, PruneParams, Record, State
from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_sqlite._schema import STEPS
from lazyjobs_sqlite._statements import Statements


def test_people_read_it_by_the_sqlite_utils_command(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record], path: Path
) -> None:
    insert(payload=b'{"name":"\xc3\x85da"}', run_at=datetime(2026, 1, 2, 3, 4, 5, 60, UTC))
    record = claim()
    command = [sys.executable, "-m", "sqlite_utils", "rows", str(path), "lazyjobs_jobs"]
    (row,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert row["payload"] == '{"name":"Åda"}'
    assert row["state"] == "running"
    assert row["run_at"] == "2026-01-02T03:04:05.000060Z"
    assert datetime.fromisoformat(row["lease_expires_at"]) == record.lease_expires_at


def test_every_table_is_strict(backend: SQLiteBackend, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name, strict FROM pragma_table_list WHERE name LIKE 'lazyjobs_%'")
        found = dict(tables.fetchall())
    assert found == dict.fromkeys(["lazyjobs_records", "lazyjobs_counts", "lazyjobs_ids", "lazyjobs_damaged"], 1) | {
        "lazyjobs_jobs": 0
    }


def test_the_steps_are_told_by_sqlite_utils(backend: SQLiteBackend, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        steps = connection.execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY id").fetchall()
    assert steps == [("lazyjobs:lazyjobs", name) for name in STEPS]


def test_records_deleted_by_hand_leave_counts_right_and_ids_used_up(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record], path: Path
) -> None:
    insert()
    claim()
    insert(queue="other")
    last = insert()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM lazyjobs_records WHERE state = 'running' OR id = ?", (last.id,))
    stats = backend.stats()
    assert (stats.total, stats.by_state, stats.by_queue) == (1, {State.PENDING: 1}, {"other": 1})
    assert insert().id == last.id + 1


def test_no_id_comes_again_after_the_highest_was_pruned(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    insert()
    record = claim()
    backend.complete(CompleteParams(id=record.id, attempt=1))
    assert backend.prune(PruneParams(finished_before=datetime.now(UTC) + timedelta(days=1))) == 1
    assert backend.list() == []
    assert backend.insert_many([InsertParams(kind="greet")] * 2)[0].id == record.id + 1
    assert insert().id == record.id + 3


@pytest.mark.parametrize("name", ["head", "waiting_heads", "leased_heads", "next_due", "prune", "look", "take"])
def test_no_statement_of_the_hot_path_reads_the_whole_table(backend: SQLiteBackend, path: Path, name: str) -> None:
    statement = getattr(Statements.of("lazyjobs"), name)
    values = [1] * statement.count("?")
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    steps = [step for *_, step in plan]
    assert any("USING" in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN") and "VIRTUAL" not in step and "(" not in step] == []
