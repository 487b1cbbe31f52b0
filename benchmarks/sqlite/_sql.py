"""The least SQL that keeps what lazyjobs must keep of each job: attempt, lease, due time, outcome.

The functions are to be called within a transaction.
"""

import sqlite3
from time import time_ns

from msgspec import Struct
from msgspec.json import Decoder, encode

from benchmarks._job import noop
from benchmarks.sqlite._contender import Setup

LEASE = 60 * 10**9
SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, queue TEXT NOT NULL, payload BLOB NOT NULL, state TEXT NOT NULL,
    attempt INTEGER NOT NULL, max_attempts INTEGER NOT NULL, run_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, lease_expires_at INTEGER, last_error TEXT NOT NULL, due_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS due ON jobs (queue, due_at, id) WHERE due_at IS NOT NULL;
"""
INSERT = """
INSERT INTO jobs (kind, queue, payload, state, attempt, max_attempts, run_at, created_at, updated_at, last_error,
    due_at) VALUES ('noop', 'default', ?1, 'pending', 0, 25, ?2, ?2, ?2, '', ?2)
"""
HEAD = """
SELECT id, attempt, payload FROM jobs WHERE queue = 'default' AND due_at <= ?1 ORDER BY due_at, id LIMIT 1
"""
TAKE = """
UPDATE jobs SET state = 'running', attempt = ?3, updated_at = ?1, lease_expires_at = ?2, due_at = ?2 WHERE id = ?4
"""
COMPLETE = """
UPDATE jobs SET state = 'succeeded', updated_at = ?1, lease_expires_at = NULL, due_at = NULL
WHERE id = ?2 AND attempt = ?3 AND state = 'running'
"""


class Job(Struct):
    """The job, with its field as the payload."""

    text: str


class Claim(Struct):
    """What names a claim, and the work."""

    id: int
    attempt: int
    payload: bytes


_decoder = Decoder(Job)


def connect(setup: Setup) -> sqlite3.Connection:
    """A connection that any thread may use, one at a time."""
    connection = sqlite3.connect(setup.file, isolation_level=None, check_same_thread=False, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {setup.durability}")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def insert(connection: sqlite3.Connection, text: str) -> None:
    """Adds a job that is due now."""
    connection.execute(INSERT, (encode(Job(text)), time_ns()))


def claim(connection: sqlite3.Connection) -> Claim | None:
    """Takes the job that has been due longest."""
    now = time_ns()
    row = connection.execute(HEAD, (now,)).fetchone()  # an UPDATE with RETURNING is a little slower
    if row is None:
        return None
    id, attempt, payload = row
    connection.execute(TAKE, (now, now + LEASE, attempt + 1, id))
    return Claim(id, attempt + 1, payload)


def complete(connection: sqlite3.Connection, done: Claim) -> None:
    """Ends a job; raises RuntimeError if the claim no longer holds."""
    if connection.execute(COMPLETE, (time_ns(), done.id, done.attempt)).rowcount != 1:
        raise RuntimeError(f"record {done.id} is no longer claimed at attempt {done.attempt}")


def complete_and_claim(connection: sqlite3.Connection, done: Claim) -> Claim | None:
    """Both."""
    complete(connection, done)
    return claim(connection)


def perform(taken: Claim) -> None:
    """Runs the job."""
    noop(_decoder.decode(taken.payload).text)
