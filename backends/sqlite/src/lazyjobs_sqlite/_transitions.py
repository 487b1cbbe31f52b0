"""What each method does to the tables, given a connection."""

import json
from collections.abc import Sequence
from sqlite3 import Connection

from lazyjobs import (
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
from lazyjobs_sqlite._records import due_time, new_record, read_record
from lazyjobs_sqlite._statements import Statements
from lazyjobs_sqlite._text import storable


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
        values = (params.kind, params.queue, params.payload, params.max_attempts, run_at, now)
        id = connection.execute(self._sql.insert, values).lastrowid
        assert id is not None
        return new_record(params, id, run_at, now)

    def insert_many(self, connection: Connection, params: Sequence[InsertParams]) -> Sequence[Record]:
        now = self._clock()
        (first,) = connection.execute(self._sql.next_id).fetchone()
        runs = [due_time(each, now) for each in params]
        connection.executemany(
            self._sql.insert_as,
            (
                (id, each.kind, each.queue, each.payload, each.max_attempts, run_at, now)
                for id, (each, run_at) in enumerate(zip(params, runs, strict=True), first)
            ),
        )
        return [new_record(each, first + place, runs[place], now) for place, each in enumerate(params)]

    def claim(self, connection: Connection, params: ClaimParams) -> Record | None:
        now = self._clock()
        due_by = now if params.now is None else to_micros(params.now)
        queues = params.queues
        if len(queues) == 1:
            cursor = connection.execute(self._sql.claim_from_one, (queues[0], due_by, due_by + span(params.lease), now))
        else:
            cursor = connection.execute(
                self._sql.claim_from_many, (json.dumps(queues), due_by, due_by + span(params.lease), now)
            )
        row = cursor.fetchone()
        return None if row is None else read_record(row)

    def claim_many(self, connection: Connection, params: ClaimParams, limit: int) -> Sequence[Record]:
        records: list[Record] = []
        while len(records) < limit and (record := self.claim(connection, params)) is not None:
            records.append(record)
        return records

    def complete(self, connection: Connection, params: CompleteParams) -> None:
        sql = self._sql.complete
        while not connection.execute(sql, (params.id, params.attempt, self._clock())).rowcount:
            if self._is_repeated(connection, params, "succeeded"):
                return

    def retry(self, connection: Connection, params: RetryParams) -> str | None:
        """The record's queue; None for one that was retried before."""
        error = storable(params.last_error)
        while True:
            now = self._clock()
            run_at = now if params.run_at is None else to_micros(params.run_at)
            row = connection.execute(self._sql.retry, (params.id, params.attempt, now, run_at, error)).fetchone()
            if row is not None:
                queue: str = row[0]
                return queue
            if self._is_repeated(connection, params, "retrying"):
                return None

    def discard(self, connection: Connection, params: DiscardParams) -> None:
        sql, error = self._sql.discard, storable(params.last_error)
        while not connection.execute(sql, (params.id, params.attempt, self._clock(), error)).rowcount:
            if self._is_repeated(connection, params, "discarded"):
                return

    def finish(self, connection: Connection, params: FinishParams) -> str | None:
        """What the verb of `params` returns."""
        if isinstance(params, RetryParams):
            return self.retry(connection, params)
        if isinstance(params, CompleteParams):
            self.complete(connection, params)
        else:
            self.discard(connection, params)
        return None

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
        values = (params.id, params.attempt, now + span(params.lease))
        while not connection.execute(self._sql.extend, values).rowcount:
            found = connection.execute(self._sql.look, (params.id,)).fetchone()
            if found != ("running", params.attempt):
                raise _lost(params, found)

    def next_due(self, connection: Connection, queues: tuple[str, ...], until: int) -> int | None:
        """The earliest due time on the queues, if it is not after `until`."""
        if len(queues) == 1:
            cursor = connection.execute(self._sql.next_due_on_one, (queues[0], until))
        else:
            cursor = connection.execute(self._sql.next_due_on_many, (json.dumps(queues), until))
        due: int | None = cursor.fetchone()[0]
        return due

    def prune(self, connection: Connection, before: int, limit: int) -> int:
        return connection.execute(self._sql.prune, (before, limit)).rowcount


def _lost(params: FinishParams | ExtendParams, found: tuple[str, int] | None) -> ClaimLostError:
    if found is None:
        return ClaimLostError(params.id, params.attempt, "no such record")
    return ClaimLostError(params.id, params.attempt, f"{found[0]}, attempt {found[1]}")
