"""What other programs change of the tables: it is mended on opening and while the file is open, or refused."""

import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lazyjobs import (
    BackendError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    InsertParams,
    PruneParams,
    Record,
    State,
)
from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_sqlite._layout import differing
from lazyjobs_sqlite._tables import DERIVED

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id FROM n"
OPEN = [True, False]


@pytest.fixture
def run_sql(path: Path) -> Callable[..., None]:
    """Runs statements as another program would."""

    def run_sql(*statements: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return run_sql


@pytest.fixture
def differences(path: Path) -> Callable[[], object]:
    """What is not as it must be."""

    def differences() -> object:
        with closing(sqlite3.connect(path)) as connection:
            return differing(connection, "lazyjobs")

    return differences


@pytest.fixture(params=OPEN, ids=["while it is open", "while nobody has it open"])
def after(request: pytest.FixtureRequest, path: Path, durability: str) -> Iterator[Callable[..., SQLiteBackend]]:
    """A backend with three records, one of them done, on a file that was changed at some moment."""
    backends = [SQLiteBackend(path, durability=durability)]
    _use(backends[0])

    def after(change: Callable[[], object]) -> SQLiteBackend:
        if not request.param:
            backends[0].close()
        change()
        if not request.param:
            backends.append(SQLiteBackend(path, durability=durability))
        return backends[-1]

    yield after
    for backend in backends:
        backend.close()


def _use(backend: SQLiteBackend) -> None:
    for _ in range(3):
        backend.insert(InsertParams(kind="greet"))
    assert backend.claim(ClaimParams()) is not None
    backend.complete(CompleteParams(id=1, attempt=1))
    assert backend.stats().total == len(backend.list()) == 3


def _finish_the_last(backend: SQLiteBackend) -> Record:
    """Claims and completes all, and prunes them, so that the highest id is free."""
    last = None
    while (record := backend.claim(ClaimParams())) is not None:
        last = record
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    backend.prune(PruneParams(finished_before=datetime.now(UTC) + timedelta(days=1)))
    assert last is not None
    return last


def test_a_transformed_table_gets_its_triggers_again_and_no_claim_holds_twice(
    after: Callable[..., SQLiteBackend], path: Path, differences: Callable[[], object],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    command = [sys.executable, "-m", "sqlite_utils", "transform", str(path), "lazyjobs_records"]
    backend = after(lambda: subprocess.run(command, check=True))
    assert backend.stats().total == len(backend.list()) == 3
    stale = _finish_the_last(backend)
    assert backend.insert(InsertParams(kind="greet")).id > stale.id
    assert backend.claim(ClaimParams()) is not None
    with pytest.raises(ClaimLostError):
        backend.complete(CompleteParams(id=stale.id, attempt=stale.attempt))
    assert differences() == set()
    assert "changed by another program, made anew" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("name", DERIVED)
def test_what_was_dropped_is_made_again(
    after: Callable[..., SQLiteBackend], run_sql: Callable[..., None], name: str, differences: Callable[[], object]
) -> None:
    backend = after(lambda: run_sql(f"DROP {DERIVED[name].split()[1]} lazyjobs_{name}"))
    assert backend.insert(InsertParams(kind="greet")).id >= 4
    assert differences() == set()
    assert backend.stats().total == len(backend.list()) == 4


@pytest.mark.parametrize(
    "changes",
    [
        (
            "DROP TRIGGER lazyjobs_deleted",
            "CREATE TRIGGER lazyjobs_deleted AFTER DELETE ON lazyjobs_records BEGIN SELECT 1; END",
        ),
        ("DROP INDEX lazyjobs_waiting", "CREATE INDEX lazyjobs_waiting ON lazyjobs_records (run_at)"),
        ("DROP VIEW lazyjobs_jobs", "CREATE VIEW lazyjobs_jobs AS SELECT 1 AS id"),
        ("DROP TABLE lazyjobs_counts",),
        ("DROP TABLE lazyjobs_ids",),
        ("DROP TABLE lazyjobs_damaged",),
        ("ALTER TABLE lazyjobs_ids RENAME COLUMN last_deleted TO last",),
        ("DROP TABLE lazyjobs_ids", "CREATE TABLE lazyjobs_ids (last_deleted TEXT, disordered_until TEXT)"),
    ],
    ids=lambda changes: changes[-1][:50],
)  # fmt: skip
def test_what_was_replaced_is_made_again(
    after: Callable[..., SQLiteBackend], run_sql: Callable[..., None], changes: Sequence[str],
    differences: Callable[[], object],
) -> None:  # fmt: skip
    backend = after(lambda: run_sql(*changes))
    stale = _finish_the_last(backend)
    assert backend.insert(InsertParams(kind="greet")).id > stale.id
    assert differences() == set()
    assert backend.stats().total == len(backend.list()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("DROP TABLE lazyjobs_records",), "the table lazyjobs_records, which holds the records, is not there"),
        (("ALTER TABLE lazyjobs_records RENAME COLUMN spared TO s",), "lazyjobs_records has no column 'spared'"),
        (("DROP TABLE lazyjobs_records", f"CREATE VIEW lazyjobs_records AS {ENDLESS}"), "lazyjobs_records is a view"),
        (("DROP TABLE lazyjobs_counts", f"CREATE VIEW lazyjobs_counts AS {ENDLESS}"), "lazyjobs_counts is a view"),
        (("DROP TABLE lazyjobs_ids", f"CREATE VIEW lazyjobs_ids AS {ENDLESS}"), "lazyjobs_ids is a view"),
        (("DROP VIEW lazyjobs_jobs", "CREATE TABLE lazyjobs_jobs (x)"), "lazyjobs_jobs is a table, and not the view"),
        (("DROP INDEX lazyjobs_leased", "CREATE TABLE lazyjobs_leased (x)"), "lazyjobs_leased is a table"),
        (
            ("ALTER TABLE lazyjobs_records ADD COLUMN note TEXT", "DROP TRIGGER lazyjobs_deleted",
             "ALTER TABLE lazyjobs_records RENAME COLUMN note TO remark",
             "ALTER TABLE lazyjobs_records ADD COLUMN more TEXT CHECK (more <> '')"),
            "has a column 'remark' that lazyjobs did not make",
        ),
        (("DROP TABLE lazyjobs_damaged", "CREATE TABLE lazyjobs_damaged (x)"), "lazyjobs_damaged has no column 'id'"),
    ],
    ids=lambda value: value[-1][:50] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_cannot_be_mended_is_refused_and_left_as_it_is(
    after: Callable[..., SQLiteBackend], run_sql: Callable[..., None], changes: Sequence[str], said: str, path: Path
) -> None:
    def schema() -> object:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()

    def use() -> None:
        backend = after(lambda: run_sql(*changes))
        for call in (backend.stats, backend.list, lambda: backend.claim(ClaimParams())):
            with pytest.raises(BackendError, match=said):
                call()
        backend.insert(InsertParams(kind="greet"))

    with pytest.raises(BackendError, match=f"{path}: its tables are not as lazyjobs made them: .*{said}"):
        use()
    before = schema()
    with pytest.raises(BackendError, match=said):
        SQLiteBackend(path)
    assert schema() == before


def test_a_table_that_lost_its_types_is_made_strict_again_and_keeps_every_record(
    after: Callable[..., SQLiteBackend], run_sql: Callable[..., None], differences: Callable[[], object],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    backend = after(
        lambda: run_sql(
            "CREATE TABLE loose AS SELECT * FROM lazyjobs_records",
            "DROP TABLE lazyjobs_records",
            "DROP VIEW lazyjobs_jobs",
            "ALTER TABLE loose RENAME TO lazyjobs_records",
            "UPDATE lazyjobs_records SET attempt = 'many', kind = NULL, lease_expires_at = x'00' WHERE id = 2",
        )
    )
    records = {record.id: record for record in backend.list()}
    assert set(records) == {1, 2, 3}
    assert records[1].state is State.SUCCEEDED
    assert records[2].state is State.DISCARDED
    assert "damaged: a value is of a wrong type" in records[2].last_error
    assert differences() == set()
    assert caplog.records
    caplog.clear()


def test_what_others_made_on_the_table_stays_when_it_is_made_anew(
    after: Callable[..., SQLiteBackend], run_sql: Callable[..., None], path: Path
) -> None:
    backend = after(
        lambda: run_sql(
            "CREATE TABLE seen (id)",
            "CREATE VIEW mine AS SELECT id FROM lazyjobs_records",
            "CREATE INDEX mine_too ON lazyjobs_records (kind)",
            "CREATE TRIGGER notes AFTER INSERT ON lazyjobs_records BEGIN INSERT INTO seen VALUES (new.id); END",
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') WHERE name = 'lazyjobs_records'",
        )
    )
    record = backend.insert(InsertParams(kind="greet"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM seen").fetchall() == [(record.id,)]
        assert connection.execute("SELECT count(*) FROM mine").fetchall() == [(4,)]


@pytest.mark.parametrize("change", ["ADD COLUMN note TEXT", "ADD COLUMN note TEXT NOT NULL DEFAULT ''"])
def test_a_column_more_is_in_nobodys_way(
    after: Callable[..., SQLiteBackend], run_sql: Callable[..., None], change: str
) -> None:
    backend = after(lambda: run_sql(f"ALTER TABLE lazyjobs_records {change}"))
    assert backend.insert(InsertParams(kind="greet")).id == 4


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE lazyjobs_counts SET total = total + 5",
        "UPDATE lazyjobs_counts SET total = -1",
        "DELETE FROM lazyjobs_counts",
        "INSERT INTO lazyjobs_counts VALUES ('nobody', 'nowhere', 3, 0, 0, 0)",
    ],
)
def test_counts_that_are_not_the_records_are_counted_anew_on_opening(
    path: Path, open_it: Callable[..., SQLiteBackend], run_sql: Callable[..., None], change: str
) -> None:
    with closing(SQLiteBackend(path)) as backend:
        _use(backend)
    run_sql(change)
    stats = open_it().stats()
    assert (stats.by_kind, stats.by_state) == ({"greet": 3}, {State.PENDING: 2, State.SUCCEEDED: 1})


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM lazyjobs_ids", "UPDATE lazyjobs_ids SET last_deleted = -5", "INSERT INTO lazyjobs_ids VALUES (0, 0)"],
)
def test_ids_of_which_there_is_no_trace_are_left_out(
    path: Path, open_it: Callable[..., SQLiteBackend], run_sql: Callable[..., None], change: str
) -> None:
    with closing(SQLiteBackend(path)) as backend:
        _use(backend)
        stale = _finish_the_last(backend)
    run_sql(change)
    assert open_it().insert(InsertParams(kind="greet")).id > stale.id


def test_kinds_and_queues_corrected_by_hand_are_counted_as_they_are(
    backend: SQLiteBackend, insert: Callable[..., Record], run_sql: Callable[..., None]
) -> None:
    insert()
    insert(queue="other")
    run_sql(
        "UPDATE lazyjobs_records SET kind = 'hail'",
        "UPDATE lazyjobs_records SET queue = 'third', state = 'discarded' WHERE queue = 'other'",
    )
    stats = backend.stats()
    assert (stats.by_kind, stats.by_queue) == ({"hail": 2}, {"default": 1, "third": 1})
    assert stats.by_state == {State.PENDING: 1, State.DISCARDED: 1}


@pytest.mark.parametrize("event", ["INSERT", "UPDATE"])
def test_a_trigger_that_forbids_changes_is_told_and_nothing_is_handed_out(
    backend: SQLiteBackend, insert: Callable[..., Record], run_sql: Callable[..., None], event: str
) -> None:
    insert()
    record = backend.claim(ClaimParams())
    insert()
    run_sql(f"CREATE TRIGGER no BEFORE {event} ON lazyjobs_records BEGIN SELECT RAISE(IGNORE); END")
    calls: list[Callable[[], object]] = [insert, lambda: backend.insert_many([InsertParams(kind="greet")] * 2)]
    if event == "UPDATE":
        assert record is not None
        finish = CompleteParams(id=record.id, attempt=1)
        calls = [lambda: backend.claim(ClaimParams()), lambda: backend.complete(finish)]
    for call in calls:
        with pytest.raises(BackendError, match="a trigger on the table, made by another program"):
            call()


def test_a_dump_that_was_loaded_again_works(path: Path, tmp_path: Path, open_it: Callable[..., SQLiteBackend]) -> None:
    with closing(SQLiteBackend(path)) as backend:
        _use(backend)
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(tmp_path / "new.db")) as new:
        new.executescript("\n".join(old.iterdump()))
    (tmp_path / "new.db").replace(path)
    backend = open_it()
    assert backend.insert(InsertParams(kind="greet")).id == 4
    assert _mode_of(path) == "wal"


def test_what_was_mended_is_told_in_the_log(
    path: Path, run_sql: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    SQLiteBackend(path).close()
    run_sql("DROP TRIGGER lazyjobs_moved")
    SQLiteBackend(path).close()
    assert caplog.record_tuples == [
        ("lazyjobs.sqlite", logging.WARNING, f"{path}: lazyjobs_moved: changed by another program, made anew")
    ]
    caplog.clear()
    SQLiteBackend(path).close()
    assert caplog.records == []


def _mode_of(path: Path) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def _backup(path: Path) -> None:
    copy = path.with_name("backup.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", [str(copy)])
    copy.replace(path)


def _leave_the_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@pytest.mark.parametrize("change", [_backup, _leave_the_log])
def test_a_file_without_a_log_gets_one_so_that_a_reader_stops_nobody(
    path: Path, open_it: Callable[..., SQLiteBackend], durability: str, change: Callable[[Path], None]
) -> None:
    with closing(SQLiteBackend(path)) as backend:
        _use(backend)
    change(path)
    backend = open_it(durability=durability, busy_timeout=timedelta(seconds=1))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM lazyjobs_records").fetchone()
        assert backend.insert(InsertParams(kind="greet")).id == 4
    assert _mode_of(path) == "wal"


def test_a_backup_put_in_the_place_of_an_open_file_gets_a_log(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path
) -> None:
    insert()
    _backup(path)
    insert()
    assert _mode_of(path) == "wal"


def test_a_mode_changed_between_two_connections_is_set_again(path: Path, open_it: Callable[..., SQLiteBackend]) -> None:
    backend = open_it()
    _leave_the_log(path)
    backend.insert(InsertParams(kind="greet"))
    assert _mode_of(path) == "wal"


def test_a_view_in_the_place_of_the_steps_is_refused(path: Path, run_sql: Callable[..., None]) -> None:
    SQLiteBackend(path).close()
    run_sql("DROP TABLE _sqlite_migrations", f"CREATE VIEW _sqlite_migrations AS {ENDLESS}")
    with pytest.raises(BackendError, match="its tables are not as lazyjobs made them"):
        SQLiteBackend(path)
