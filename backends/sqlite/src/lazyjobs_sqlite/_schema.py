"""The tables, step by step from an empty file to today's; made and migrated by sqlite-utils.

`PREFIX_records` holds the records. Times are whole microseconds since 1970, in UTC. `lease_expires_at` is set while a
record is running, and then only. `PREFIX_counts` holds how many records there are, kept by triggers; running ones are
few and are counted in their index. `PREFIX_ids` holds the highest id that was deleted, so that none comes again, and a
time: among records created after it, a higher id was never created earlier (until the clock went back, it is 0).
`PREFIX_jobs` is a view for people: the same records with times in ISO 8601 and the payload as text. `PREFIX_damaged`
keeps rows that could not be read, value by value as they were found.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lazyjobs_sqlite import _tables as sql
from lazyjobs_sqlite._rebuild import rebuild_all

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

Statement = str | Callable[[sqlite3.Connection, str], None]
"""What a step does: an SQL statement, or a function of the connection and the prefix."""

STEPS: Mapping[str, Sequence[Statement]] = {
    "records": (
        sql.FIRST_RECORDS,
        "CREATE INDEX {p}_due ON {p}_records (queue, state, run_at)",
    ),
    "counts_and_partial_indexes": (
        "DROP INDEX {p}_due",
        sql.WAITING,
        sql.LEASED,
        sql.LISTED,
        sql.IDS,
        "INSERT INTO {p}_ids SELECT coalesce(max(id), 0), coalesce(max(created_at), 0) FROM {p}_records",
        sql.DISORDERED,
        sql.COUNTS,
        sql.COUNT_ALL,
        sql.INSERTED,
        sql.FIRST_MOVED,
        sql.DELETED,
        sql.FIRST_VIEW,
    ),
    "claimants_and_damaged_rows": (sql.DAMAGED, rebuild_all),
}
"""Each step's name and what it does. A step that was once released is never changed: another one follows it."""


def make_migrations(prefix: str) -> "Migrations":
    """The steps for the tables of `prefix`, as sqlite-utils applies them."""
    from sqlite_utils import Migrations  # a fifth of a second, which a file that is up to date need not wait for

    migrations = Migrations(set_name(prefix))
    for name, statements in STEPS.items():
        migrations(name=name)(_make_step(prefix, statements))
    return migrations


def _make_step(prefix: str, statements: Sequence[Statement]) -> "Callable[[Database], None]":
    def step(db: "Database", /) -> None:
        for statement in statements:
            if isinstance(statement, str):
                db.execute(statement.replace("{p}", prefix))
            else:
                statement(db.conn, prefix)

    return step


def set_name(prefix: str) -> str:
    """What the table `_sqlite_migrations` calls the steps of `prefix`."""
    return f"lazyjobs:{prefix}"


def read_steps(connection: sqlite3.Connection, prefix: str) -> Sequence[str]:
    """The steps that the file has seen, oldest first."""
    if (
        connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations' AND type = 'table'"
        ).fetchone()
        is None
    ):
        return ()
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid", (set_name(prefix),)
    )
    return [name for (name,) in rows]
