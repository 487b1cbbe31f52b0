"""What each method does to the tables, given a connection."""

import json
from collections.abc import Sequence
from sqlite3 import Connection, IntegrityError, OperationalError
from typing import Any

from lazyjobs import (
    BackendError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    Record,
    RetryParams,
)
from lazyjobs_sqlite._clock import Clock, span, to_micros
from lazyjobs_sqlite._damage import UnreadableRowError, naming_undecodable
from lazyjobs_sqlite._errors import is_undecodable
from lazyjobs_sqlite._records import due_time, new_record, read_claimed
from lazyjobs_sqlite._statements import Statements
from lazyjobs_sqlite._text import storable

_TRIES = 100
"""Of an update that finds nothing though there is something: who was quicker, or a trigger that forbids it."""


class Transitions:
    """The statements of each transition; every method is to be called within a transaction, or has one statement.

    The clock is read when the transition happens, not when it was asked for.
    """

    def __init__(self, statements: Statements, clock: Clock) -> None:
        self._sql = statements
        self._clock = clock

    def insert(self, connection: Connection, params: InsertParams) -> Record:
        now = self._clock()
        run_at = due_time(params, now)
        values = (params.kind, params.queue, params.payload, params.max_attempts, run_at, now, now)
        cursor = connection.execute(self._sql.insert, values)
        if not cursor.rowcount or (id := cursor.lastrowid) is None:
            raise _unchanged("the table of records")
        return new_record(params, id, run_at, now)

    def insert_many(self, connection: Connection, params: Sequence[InsertParams]) -> Sequence[Record]:
        now = self._clock()
        (first,) = connection.execute(self._sql.next_id).fetchone()
        if type(first) is not int:  # SQLite makes it a float
            raise IntegrityError("no id can follow the highest one")
        runs = [due_time(each, now) for each in params]
        inserted = connection.executemany(
            self._sql.insert_as,
            (
                (id, each.kind, each.queue, each.payload, each.max_attempts, run_at, now, now)
                for id, (each, run_at) in enumerate(zip(params, runs, strict=True), first)
            ),
        )
        if inserted.rowcount != len(params):
            raise _unchanged("the table of records")
        return [new_record(each, first + place, runs[place], now) for place, each in enumerate(params)]

    def claim(self, connection: Connection, params: ClaimParams) -> Record | None:
        now = self._clock()
        due_by = now if params.now is None else to_micros(params.now)
        row = self._first_due(connection, params.queues, due_by)
        if row is None:
            return None
        lease = due_by + span(params.lease)
        record = read_claimed(row, now, lease, params.worker)
        sql = self._sql.take if record.taken_from is None else self._sql.take_over
        if not connection.execute(sql, (lease, now, params.worker, record.id)).rowcount:
            raise _unchanged(f"record {record.id}")
        return record

    def _first_due(self, connection: Connection, queues: tuple[str, ...], due_by: int) -> Sequence[Any] | None:
        """The row with the smallest due time and id, of those that wait and of those whose lease has ended."""
        if len(queues) == 1:
            try:
                row: Sequence[Any] | None = connection.execute(self._sql.head, (queues[0], due_by) * 2).fetchone()
            except OperationalError as error:
                if not is_undecodable(error):
                    raise
                row = None  # it is looked for by its numbers alone, and named
            if row is not None and row[-1] is None:
                return row[:-1]
        values = (json.dumps(queues), due_by)
        heads = connection.execute(self._sql.waiting_heads, values).fetchall()
        heads += connection.execute(self._sql.leased_heads, values).fetchall()
        if not heads:
            return None
        _, id = min(heads)
        with naming_undecodable(id):
            found: Sequence[Any] = connection.execute(self._sql.read, (id,)).fetchone()
        return found

    def claim_many(self, connection: Connection, params: ClaimParams, limit: int) -> Sequence[Record]:
        """What cannot be read is left to the next call, if something was claimed before."""
        records: list[Record] = []
        try:
            while len(records) < limit and (record := self.claim(connection, params)) is not None:
                records.append(record)
        except UnreadableRowError:
            if not records:
                raise
        return records

    def complete(self, connection: Connection, params: CompleteParams) -> None:
        sql = self._sql.complete
        for _ in range(_TRIES):
            if connection.execute(sql, (self._clock(), params.id, params.attempt)).rowcount:
                return
            if self._is_repeated(connection, params, "succeeded"):
                return
        raise _unchanged(f"record {params.id}")

    def retry(self, connection: Connection, params: RetryParams) -> None:
        error = storable(params.last_error)
        for _ in range(_TRIES):
            now = self._clock()
            run_at = now if params.run_at is None else to_micros(params.run_at)
            values = (now, run_at, error, int(params.spare), params.id, params.attempt)
            if connection.execute(self._sql.retry, values).rowcount:
                return
            if self._is_repeated(connection, params, "retrying"):
                return
        raise _unchanged(f"record {params.id}")

    def discard(self, connection: Connection, params: DiscardParams) -> None:
        sql, error = self._sql.discard, storable(params.last_error)
        for _ in range(_TRIES):
            if connection.execute(sql, (self._clock(), error, params.id, params.attempt)).rowcount:
                return
            if self._is_repeated(connection, params, "discarded"):
                return
        raise _unchanged(f"record {params.id}")

    def finish(self, connection: Connection, params: FinishParams) -> None:
        """Does what the type of `params` says."""
        match params:
            case CompleteParams():
                self.complete(connection, params)
            case RetryParams():
                self.retry(connection, params)
            case DiscardParams():
                self.discard(connection, params)

    def _is_repeated(self, connection: Connection, params: FinishParams, state: str) -> bool:
        """Whether the record already is as the verb leaves it.

        False if the claim holds the record after all: then it was made since the verb had looked. Otherwise raises
        `ClaimLostError`.
        """
        found = connection.execute(self._sql.look, (params.id,)).fetchone()
        if found == (state, params.attempt):
            return True
        if found == ("running", params.attempt):
            return False
        raise _lost(params, found)

    def extend(self, connection: Connection, params: ExtendParams) -> None:
        now = self._clock() if params.now is None else to_micros(params.now)
        values = (now + span(params.lease), params.id, params.attempt)
        for _ in range(_TRIES):
            if connection.execute(self._sql.extend, values).rowcount:
                return
            found = connection.execute(self._sql.look, (params.id,)).fetchone()
            if found != ("running", params.attempt):
                raise _lost(params, found)
        raise _unchanged(f"record {params.id}")

    def next_due(self, connection: Connection, queues: tuple[str, ...], until: int) -> int | None:
        """The earliest due time on the queues, if it is not after `until`."""
        found = connection.execute(self._sql.next_due, (until, until, json.dumps(queues))).fetchone()
        return min((due for due in found if due is not None), default=None)

    def count(self, connection: Connection) -> Sequence[Sequence[Any]]:
        """Rows for `read_stats`."""
        with naming_undecodable(0):
            return connection.execute(self._sql.count).fetchall()

    def queue(self, connection: Connection, id: int) -> str | None:
        row = connection.execute(self._sql.queue, (id,)).fetchone()
        return None if row is None else str(row[0])

    def prune(self, connection: Connection, before: int, limit: int) -> int:
        return connection.execute(self._sql.prune, (before, limit, before, limit, limit)).rowcount


def _lost(params: FinishParams | ExtendParams, found: tuple[str, int] | None) -> ClaimLostError:
    if found is None:
        return ClaimLostError(params.id, params.attempt, "no such record")
    return ClaimLostError(params.id, params.attempt, f"{found[0]}, attempt {found[1]}")


def _unchanged(what: str) -> BackendError:
    return BackendError(
        f"{what} was not changed: a trigger on the table, made by another program, keeps it as it is; drop that trigger"
    )
