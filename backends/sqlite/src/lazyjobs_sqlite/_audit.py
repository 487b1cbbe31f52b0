"""Whether what the tables keep about the records agrees with them, as far as it is told by a quick look."""

import sqlite3
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from lazyjobs_sqlite._rebuild import HIGHEST_ID

_FEW = 5000
"""Records that are counted in some milliseconds."""


def disagreeing(connection: sqlite3.Connection, prefix: str) -> AbstractSet[str]:
    """Which of the tables beside the records are not to be believed, by the ends of their names.

    Counts are compared with the records themselves where these are few; where they are many, what cannot be is found.
    """
    names = set()
    if not _ids_are_sound(connection, prefix):
        names.add("ids")
    if not _counts_are_sound(connection, prefix):
        names.add("counts")
    return names


def find_strays(connection: sqlite3.Connection, prefix: str) -> Sequence[int]:
    """The ids of records that no claim would ever find, or that one would find and should not.

    They are in no state, run without a lease, have one without running, or an id that none can have.
    """
    table = f"{prefix}_records"
    listed = f"SELECT id FROM {table} INDEXED BY {prefix}_listed WHERE state <> 'pending' AND lease_expires_at IS NULL"
    between = (
        "state < 'discarded'",
        "state > 'discarded' AND state < 'retrying'",
        "state > 'retrying' AND state < 'succeeded'",
        "state > 'succeeded'",
    )
    queries = [f"{listed} AND {each}" for each in between]
    queries.append(
        f"SELECT id FROM {table} INDEXED BY {prefix}_leased WHERE lease_expires_at IS NOT NULL AND state <> 'running'"
    )
    queries.append(f"SELECT id FROM {table} WHERE id < 1")
    queries.append(f"SELECT id FROM {table} WHERE id > {HIGHEST_ID}")
    return sorted({id for query in queries for (id,) in connection.execute(query)})


def _ids_are_sound(connection: sqlite3.Connection, prefix: str) -> bool:
    rows = connection.execute(f"SELECT last_deleted, disordered_until FROM {prefix}_ids LIMIT 2").fetchall()
    return len(rows) == 1 and all(type(value) is int for value in rows[0]) and 0 <= rows[0][0] <= HIGHEST_ID


def _counts_are_sound(connection: sqlite3.Connection, prefix: str) -> bool:
    names = {"counts": f"{prefix}_counts", "records": f"{prefix}_records"}
    few = connection.execute(_ARE_FEW.format(**names), (_FEW, _FEW + 1)).fetchone()[0]
    query = _AGREE if few else _ARE_POSSIBLE
    return bool(connection.execute(query.format(**names)).fetchone()[0])


_ARE_FEW = "SELECT count(*) <= ? FROM (SELECT 1 FROM {records} LIMIT ?)"
_ARE_POSSIBLE = """
    SELECT EXISTS (SELECT 1 FROM {counts}) AND NOT EXISTS (SELECT 1 FROM {counts} WHERE
        min(total, retrying, succeeded, discarded) < 0 OR total < retrying + succeeded + discarded)
"""
_COUNTED = """
    SELECT kind, queue, count(*), sum(state = 'retrying'), sum(state = 'succeeded'), sum(state = 'discarded')
    FROM {records} GROUP BY kind, queue
"""
_KEPT = "SELECT kind, queue, total, retrying, succeeded, discarded FROM {counts}"
_AGREE = f"SELECT NOT EXISTS ({_COUNTED} EXCEPT {_KEPT}) AND NOT EXISTS ({_KEPT} EXCEPT {_COUNTED})"
