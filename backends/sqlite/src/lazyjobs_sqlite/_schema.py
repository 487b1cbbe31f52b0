"""The tables, step by step from an empty file to today's; made and migrated by sqlite-utils.

`PREFIX_records` holds the records. Times are whole microseconds since 1970, in UTC. `lease_expires_at` is set while a
record is running, and then only. `PREFIX_counts` holds how many records there are, kept by triggers; running ones are
few and are counted in their index. `PREFIX_ids` holds the highest id that was deleted, so that none comes again, and a
time: among records created after it, a higher id was never created earlier (until the clock went back, it is 0).
`PREFIX_jobs` is a view for people: the same records with times in ISO 8601 and the payload as text.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

_RECORDS = """
    CREATE TABLE {p}_records (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        queue TEXT NOT NULL,
        payload BLOB NOT NULL,
        state TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        max_attempts INTEGER NOT NULL,
        run_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        lease_expires_at INTEGER,
        last_error TEXT NOT NULL
    ) STRICT
"""
# An IN of more than two words would open an ephemeral table in every statement that touches the index.
_LISTED = """
    CREATE INDEX {p}_listed ON {p}_records (state, updated_at) WHERE state <> 'pending' AND lease_expires_at IS NULL
"""
_COUNTS = """
    CREATE TABLE {p}_counts (
        kind TEXT NOT NULL,
        queue TEXT NOT NULL,
        total INTEGER NOT NULL,
        retrying INTEGER NOT NULL,
        succeeded INTEGER NOT NULL,
        discarded INTEGER NOT NULL,
        PRIMARY KEY (kind, queue)
    ) STRICT, WITHOUT ROWID
"""
_COUNT_ALL = """
    INSERT INTO {p}_counts
    SELECT kind, queue, count(*), sum(state = 'retrying'), sum(state = 'succeeded'), sum(state = 'discarded')
    FROM {p}_records GROUP BY kind, queue
"""
_INSERTED = """
    CREATE TRIGGER {p}_inserted AFTER INSERT ON {p}_records BEGIN
        INSERT INTO {p}_counts
        VALUES (new.kind, new.queue, 1, new.state = 'retrying', new.state = 'succeeded', new.state = 'discarded')
        ON CONFLICT DO UPDATE SET total = total + 1, retrying = retrying + excluded.retrying,
            succeeded = succeeded + excluded.succeeded, discarded = discarded + excluded.discarded;
    END
"""
_DISORDERED = """
    CREATE TRIGGER {p}_disordered AFTER INSERT ON {p}_records
    WHEN new.created_at < (SELECT created_at FROM {p}_records WHERE id < new.id ORDER BY id DESC LIMIT 1) BEGIN
        UPDATE {p}_ids SET disordered_until = max(disordered_until,
            (SELECT created_at FROM {p}_records WHERE id < new.id ORDER BY id DESC LIMIT 1));
    END
"""
_MOVED = """
    CREATE TRIGGER {p}_moved AFTER UPDATE OF state ON {p}_records
    WHEN old.state <> new.state AND NOT (old.state = 'pending' AND new.state = 'running') BEGIN
        UPDATE {p}_counts SET
            retrying = retrying - (old.state = 'retrying') + (new.state = 'retrying'),
            succeeded = succeeded - (old.state = 'succeeded') + (new.state = 'succeeded'),
            discarded = discarded - (old.state = 'discarded') + (new.state = 'discarded')
        WHERE kind = new.kind AND queue = new.queue;
    END
"""
_DELETED = """
    CREATE TRIGGER {p}_deleted AFTER DELETE ON {p}_records BEGIN
        UPDATE {p}_ids SET last_deleted = old.id WHERE last_deleted < old.id;
        UPDATE {p}_counts SET total = total - 1, retrying = retrying - (old.state = 'retrying'),
            succeeded = succeeded - (old.state = 'succeeded'), discarded = discarded - (old.state = 'discarded')
        WHERE kind = old.kind AND queue = old.queue;
        DELETE FROM {p}_counts WHERE kind = old.kind AND queue = old.queue AND total = 0;
    END
"""
_ISO = "strftime('%Y-%m-%dT%H:%M:%S', {0} / 1000000, 'unixepoch') || printf('.%06dZ', {0} % 1000000) AS {0}"
_TIMES = ", ".join(_ISO.replace("{0}", name) for name in ("run_at", "created_at", "updated_at", "lease_expires_at"))
_VIEW = f"""
    CREATE VIEW {{p}}_jobs AS SELECT
        id, kind, queue, state, attempt, max_attempts, CAST(payload AS TEXT) AS payload, last_error, {_TIMES}
    FROM {{p}}_records
"""

STEPS: Mapping[str, Sequence[str]] = {
    "records": (
        _RECORDS,
        "CREATE INDEX {p}_due ON {p}_records (queue, state, run_at)",
    ),
    "counts_and_partial_indexes": (
        "DROP INDEX {p}_due",
        "CREATE INDEX {p}_waiting ON {p}_records (queue, run_at) WHERE state IN ('pending', 'retrying')",
        "CREATE INDEX {p}_leased ON {p}_records (queue, lease_expires_at, kind) WHERE lease_expires_at IS NOT NULL",
        _LISTED,
        "CREATE TABLE {p}_ids (last_deleted INTEGER NOT NULL, disordered_until INTEGER NOT NULL) STRICT",
        "INSERT INTO {p}_ids SELECT coalesce(max(id), 0), coalesce(max(created_at), 0) FROM {p}_records",
        _DISORDERED,
        _COUNTS,
        _COUNT_ALL,
        _INSERTED,
        _MOVED,
        _DELETED,
        _VIEW,
    ),
}
"""Each step's name and statements. A step that was once released is never changed: another one follows it."""


def make_migrations(prefix: str) -> "Migrations":
    """The steps for the tables of `prefix`, as sqlite-utils applies them."""
    from sqlite_utils import Migrations  # a fifth of a second, which a file that is up to date need not wait for

    migrations = Migrations(set_name(prefix))
    for name, statements in STEPS.items():
        migrations(name=name)(_make_step(prefix, statements))
    return migrations


def _make_step(prefix: str, statements: Sequence[str]) -> "Callable[[Database], None]":
    def step(db: "Database", /) -> None:
        for statement in statements:
            db.execute(statement.replace("{p}", prefix))

    return step


def set_name(prefix: str) -> str:
    """What the table `_sqlite_migrations` calls the steps of `prefix`."""
    return f"lazyjobs:{prefix}"


def read_steps(connection: sqlite3.Connection, prefix: str) -> Sequence[str]:
    """The steps that the file has seen, oldest first."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone() is None:
        return ()
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid", (set_name(prefix),)
    )
    return [name for (name,) in rows]
