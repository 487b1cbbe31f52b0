"""The SQL by which the tables, indexes, triggers and the view are made; `{p}` is the prefix of their names."""

from collections.abc import Mapping

FIRST_RECORDS = """
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
LISTED = """
    CREATE INDEX {p}_listed ON {p}_records (state, updated_at) WHERE state <> 'pending' AND lease_expires_at IS NULL
"""
COUNTS = """
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
COUNT_ALL = """
    INSERT INTO {p}_counts
    SELECT kind, queue, count(*), sum(state = 'retrying'), sum(state = 'succeeded'), sum(state = 'discarded')
    FROM {p}_records GROUP BY kind, queue
"""
INSERTED = """
    CREATE TRIGGER {p}_inserted AFTER INSERT ON {p}_records BEGIN
        INSERT INTO {p}_counts
        VALUES (new.kind, new.queue, 1, new.state = 'retrying', new.state = 'succeeded', new.state = 'discarded')
        ON CONFLICT DO UPDATE SET total = total + 1, retrying = retrying + excluded.retrying,
            succeeded = succeeded + excluded.succeeded, discarded = discarded + excluded.discarded;
    END
"""
DISORDERED = """
    CREATE TRIGGER {p}_disordered AFTER INSERT ON {p}_records
    WHEN new.created_at < (SELECT created_at FROM {p}_records WHERE id < new.id ORDER BY id DESC LIMIT 1) BEGIN
        UPDATE {p}_ids SET disordered_until = max(disordered_until,
            (SELECT created_at FROM {p}_records WHERE id < new.id ORDER BY id DESC LIMIT 1));
    END
"""
FIRST_MOVED = """
    CREATE TRIGGER {p}_moved AFTER UPDATE OF state ON {p}_records
    WHEN old.state <> new.state AND NOT (old.state = 'pending' AND new.state = 'running') BEGIN
        UPDATE {p}_counts SET
            retrying = retrying - (old.state = 'retrying') + (new.state = 'retrying'),
            succeeded = succeeded - (old.state = 'succeeded') + (new.state = 'succeeded'),
            discarded = discarded - (old.state = 'discarded') + (new.state = 'discarded')
        WHERE kind = new.kind AND queue = new.queue;
    END
"""
_MOVED_ALONE = """
    CREATE TRIGGER {p}_moved AFTER UPDATE OF state ON {p}_records
    WHEN old.state <> new.state AND NOT (old.state = 'pending' AND new.state = 'running')
        AND old.kind = new.kind AND old.queue = new.queue BEGIN
        UPDATE {p}_counts SET
            retrying = retrying - (old.state = 'retrying') + (new.state = 'retrying'),
            succeeded = succeeded - (old.state = 'succeeded') + (new.state = 'succeeded'),
            discarded = discarded - (old.state = 'discarded') + (new.state = 'discarded')
        WHERE kind = new.kind AND queue = new.queue;
    END
"""
# For who corrects a kind or a queue by hand; an update of other columns does not even look at it.
_RENAMED = """
    CREATE TRIGGER {p}_renamed AFTER UPDATE OF kind, queue ON {p}_records
    WHEN old.kind <> new.kind OR old.queue <> new.queue BEGIN
        INSERT INTO {p}_counts
        VALUES (new.kind, new.queue, 1, new.state = 'retrying', new.state = 'succeeded', new.state = 'discarded')
        ON CONFLICT DO UPDATE SET total = total + 1, retrying = retrying + excluded.retrying,
            succeeded = succeeded + excluded.succeeded, discarded = discarded + excluded.discarded;
        UPDATE {p}_counts SET total = total - 1, retrying = retrying - (old.state = 'retrying'),
            succeeded = succeeded - (old.state = 'succeeded'), discarded = discarded - (old.state = 'discarded')
        WHERE kind = old.kind AND queue = old.queue;
        DELETE FROM {p}_counts WHERE kind = old.kind AND queue = old.queue AND total = 0;
    END
"""
DELETED = """
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
FIRST_VIEW = f"""
    CREATE VIEW {{p}}_jobs AS SELECT
        id, kind, queue, state, attempt, max_attempts, CAST(payload AS TEXT) AS payload, last_error, {_TIMES}
    FROM {{p}}_records
"""

_CLAIMED_VIEW = f"""
    CREATE VIEW {{p}}_jobs AS SELECT
        id, kind, queue, state, attempt, max_attempts, CAST(payload AS TEXT) AS payload, last_error, {_TIMES},
        abandoned, claimed_by, taken_from, spared
    FROM {{p}}_records
"""
WAITING = "CREATE INDEX {p}_waiting ON {p}_records (queue, run_at) WHERE state IN ('pending', 'retrying')"
LEASED = "CREATE INDEX {p}_leased ON {p}_records (queue, lease_expires_at, kind) WHERE lease_expires_at IS NOT NULL"
IDS = "CREATE TABLE {p}_ids (last_deleted INTEGER NOT NULL, disordered_until INTEGER NOT NULL) STRICT"

# The payload comes last: what stands behind it can only be read by going through all of it.
_CLAIMED_RECORDS = """
    CREATE TABLE {p}_records (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        queue TEXT NOT NULL,
        state TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        max_attempts INTEGER NOT NULL,
        run_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        lease_expires_at INTEGER,
        last_error TEXT NOT NULL,
        abandoned INTEGER NOT NULL DEFAULT 0,
        claimed_by TEXT NOT NULL DEFAULT '',
        taken_from TEXT,
        spared INTEGER NOT NULL DEFAULT 0,
        payload BLOB NOT NULL
    ) STRICT
"""
DAMAGED = """
    CREATE TABLE {p}_damaged (
        id INTEGER NOT NULL,
        found_at INTEGER NOT NULL,
        reason TEXT NOT NULL,
        kind ANY,
        queue ANY,
        state ANY,
        attempt ANY,
        max_attempts ANY,
        run_at ANY,
        created_at ANY,
        updated_at ANY,
        lease_expires_at ANY,
        last_error ANY,
        abandoned ANY,
        claimed_by ANY,
        taken_from ANY,
        spared ANY,
        payload ANY
    ) STRICT
"""
TABLES: Mapping[str, str] = {
    "records": _CLAIMED_RECORDS,
    "counts": COUNTS,
    "ids": IDS,
    "damaged": DAMAGED,
}
"""What each table is made by, by the end of its name; `{p}` is the prefix."""
DERIVED: Mapping[str, str] = {
    "waiting": WAITING,
    "leased": LEASED,
    "listed": LISTED,
    "disordered": DISORDERED,
    "inserted": INSERTED,
    "moved": _MOVED_ALONE,
    "renamed": _RENAMED,
    "deleted": DELETED,
    "jobs": _CLAIMED_VIEW,
}
"""The same of what can be made anew at any time: indexes, triggers, the view."""
COLUMNS = (
    "id", "kind", "queue", "state", "attempt", "max_attempts", "run_at", "created_at", "updated_at",
    "lease_expires_at", "last_error", "abandoned", "claimed_by", "taken_from", "spared", "payload",
)  # fmt: skip
"""Of the records."""
