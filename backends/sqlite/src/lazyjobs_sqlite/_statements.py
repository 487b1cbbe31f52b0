"""The SQL of the contract's methods, for the tables of one prefix."""

from collections.abc import Collection, Iterable
from string import Template

from msgspec import Struct

from lazyjobs import State
from lazyjobs_sqlite import _tables as sql

COLUMNS = ", ".join(sql.COLUMNS)
"""The columns that make a record, in the order of every statement here that returns some."""

_WAITING = "state IN ('pending', 'retrying')"

# What is run for every job has no RETURNING and sorts nothing: both open an ephemeral table, whose page cache of some
# 90 kB is allocated and freed each time, and more than doubles the cost where that grows and shrinks the heap.
_WAITING_HEAD = f"FROM ${{p}}_records INDEXED BY ${{p}}_waiting WHERE queue = %s AND {_WAITING} AND run_at <= ?"
_LEASED_HEAD = "FROM ${p}_records INDEXED BY ${p}_leased WHERE queue = %s AND lease_expires_at <= ?"
_WAITING_ORDER = "ORDER BY run_at, id LIMIT 1"
_LEASED_ORDER = "ORDER BY lease_expires_at, id LIMIT 1"
_FINISH = """
    UPDATE ${p}_records SET state = '%s', lease_expires_at = NULL, updated_at = max(updated_at, ?)%s
    WHERE id = ? AND attempt = ? AND state = 'running'
"""
_NEWEST = """
    SELECT %s FROM ${p}_records WHERE id IN
        (SELECT id FROM (%s) ORDER BY updated_at DESC, id DESC LIMIT :limit)
"""
_NEWEST_OF = """
    SELECT * FROM (SELECT id, updated_at FROM ${p}_records %s WHERE %s ORDER BY %s LIMIT :limit)
"""
_NO_PAYLOAD = ", ".join("x''" if name == "payload" else name for name in sql.COLUMNS)
_FILTERS = {
    "before": "updated_at <= :time AND (updated_at < :time OR id < :id)",
    "kinds": "kind IN (SELECT value FROM json_each(:kinds))",
    "queues": "queue IN (SELECT value FROM json_each(:queues))",
}
_LISTED = "state = '%s' AND state <> 'pending' AND lease_expires_at IS NULL"
_BY_TIME, _BY_ID = "updated_at DESC, id DESC", "id DESC"
_MATCHING = """
    SELECT coalesce(sum(total - retrying - succeeded - discarded), 0), coalesce(sum(retrying), 0),
        coalesce(sum(succeeded), 0), coalesce(sum(discarded), 0)
    FROM ${p}_counts %s
"""
_LAST_ONES = """
    SELECT min(created_at) FROM (SELECT created_at FROM ${p}_records NOT INDEXED
        WHERE state = 'pending' AND id < :bound%s ORDER BY id DESC LIMIT :limit)
"""
_OLDEST_OF_STATE = f"""
    SELECT * FROM (SELECT id, updated_at FROM ${{p}}_records INDEXED BY ${{p}}_listed
        WHERE {_LISTED} AND updated_at < ? ORDER BY updated_at, id LIMIT ?)
"""
_TEMPLATES = {
    "next_id": """
        SELECT max((SELECT coalesce(max(id), 0) FROM ${p}_records), (SELECT last_deleted FROM ${p}_ids)) + 1
    """,
    "insert": """
        INSERT INTO ${p}_records (id, kind, queue, payload, state, attempt, max_attempts, run_at, created_at,
            updated_at, last_error)
        VALUES (max((SELECT coalesce(max(id), 0) FROM ${p}_records), (SELECT last_deleted FROM ${p}_ids)) + 1,
            ?, ?, ?, 'pending', 0, ?, ?, ?, ?, '')
    """,
    "insert_as": """
        INSERT INTO ${p}_records (id, kind, queue, payload, state, attempt, max_attempts, run_at, created_at,
            updated_at, last_error)
        VALUES (?, ?, ?, ?, 'pending', 0, ?, ?, ?, ?, '')
    """,
    "head": f"""
        SELECT {COLUMNS}, (SELECT 1 {_LEASED_HEAD % "?"} LIMIT 1) {_WAITING_HEAD % "?"} {_WAITING_ORDER}
    """,
    "waiting_heads": f"""
        SELECT h.run_at, h.id FROM json_each(?) AS q CROSS JOIN ${{p}}_records AS h
        ON h.id = (SELECT id {_WAITING_HEAD % "q.value"} {_WAITING_ORDER})
    """,
    "leased_heads": f"""
        SELECT h.lease_expires_at, h.id FROM json_each(?) AS q CROSS JOIN ${{p}}_records AS h
        ON h.id = (SELECT id {_LEASED_HEAD % "q.value"} {_LEASED_ORDER})
    """,
    "read": f"SELECT {COLUMNS} FROM ${{p}}_records WHERE id = ?",
    "take": """
        UPDATE ${p}_records
        SET state = 'running', attempt = attempt + 1, lease_expires_at = ?, updated_at = max(updated_at, ?),
            claimed_by = ?, taken_from = NULL
        WHERE id = ?
    """,
    "take_over": """
        UPDATE ${p}_records
        SET attempt = attempt + 1, lease_expires_at = ?, updated_at = max(updated_at, ?),
            claimed_by = ?, taken_from = claimed_by, abandoned = abandoned + 1
        WHERE id = ?
    """,
    "next_due": f"""
        SELECT min((SELECT run_at {_WAITING_HEAD % "q.value"} {_WAITING_ORDER})),
            min((SELECT lease_expires_at {_LEASED_HEAD % "q.value"} {_LEASED_ORDER}))
        FROM json_each(?) AS q
    """,
    "queue": "SELECT queue FROM ${p}_records WHERE id = ?",
    "complete": _FINISH % ("succeeded", ""),
    "retry": _FINISH % ("retrying", ", run_at = ?, last_error = ?, spared = spared + ?"),
    "discard": _FINISH % ("discarded", ", last_error = ?"),
    "extend": """
        UPDATE ${p}_records SET lease_expires_at = ? WHERE id = ? AND attempt = ? AND state = 'running'
    """,
    "look": f"""
        SELECT CASE WHEN state IN ({", ".join(f"'{state}'" for state in State)}) THEN state ELSE 'damaged' END,
            iif(typeof(attempt) = 'integer', attempt, -1)
        FROM ${{p}}_records WHERE id = ?
    """,
    "count": """
        SELECT kind, queue, total, retrying, succeeded, discarded, 0 FROM ${p}_counts
        UNION ALL
        SELECT kind, queue, 0, 0, 0, 0, count(*) FROM ${p}_records INDEXED BY ${p}_leased
            WHERE lease_expires_at IS NOT NULL GROUP BY queue, kind
    """,
    "ordered_from": "SELECT disordered_until FROM ${p}_ids",
    "next_created": "SELECT id, created_at FROM ${p}_records WHERE id >= ? ORDER BY id LIMIT 1",
    "highest": "SELECT coalesce(max(id), 0) FROM ${p}_records",
    "prune": f"""
        DELETE FROM ${{p}}_records WHERE id IN (SELECT id FROM (
            {_OLDEST_OF_STATE % "succeeded"} UNION ALL {_OLDEST_OF_STATE % "discarded"}
        ) ORDER BY updated_at, id LIMIT ?)
    """,
}


class Statements(Struct, frozen=True):
    """Each statement by its name; what it takes is in the order of its text."""

    prefix: str
    next_id: str
    insert: str
    insert_as: str
    head: str
    """The first of one queue's waiting records, and whether a lease has ended there."""
    waiting_heads: str
    leased_heads: str
    read: str
    take: str
    """Of a record that waits."""
    take_over: str
    """Of one that is running, whose lease has ended."""
    next_due: str
    queue: str
    complete: str
    retry: str
    discard: str
    extend: str
    look: str
    count: str
    ordered_from: str
    """When the clock was last seen to have gone back: of records created later, a higher id is never older."""
    next_created: str
    highest: str
    prune: str

    @classmethod
    def of(cls, prefix: str) -> "Statements":
        return cls(prefix=prefix, **{name: _fill(template, prefix) for name, template in _TEMPLATES.items()})

    def newest(self, states: Iterable[State], filters: Collection[str], *, by_id: bool, payloads: bool) -> str:
        """Selects the newest `:limit` of these states, of which there is one at least, in no order.

        `filters` are some of `before` (which takes `:time` and `:id`), `kinds` and `queues` (each a list in JSON).
        `by_id` says that of those that are pending the newest have the highest ids, all below `:bound`; otherwise all
        that wait are sorted.
        """
        passing = "".join(f" AND {_FILTERS[name]}" for name in _FILTERS if name in filters)
        arms = "UNION ALL".join(_arm(state, passing, by_id) for state in states)
        return _fill(_NEWEST % (COLUMNS if payloads else _NO_PAYLOAD, arms), self.prefix)

    def matching(self, filters: Collection[str]) -> str:
        """Counts the records of the kinds and queues by state: waiting and running ones together, then the others."""
        passing = " AND ".join(_FILTERS[name] for name in ("kinds", "queues") if name in filters)
        return _fill(_MATCHING % (f"WHERE {passing}" if passing else ""), self.prefix)

    def last_ones(self, filters: Collection[str]) -> str:
        """When the oldest was created of the `:limit` pending records with the highest ids below `:bound`."""
        passing = "".join(f" AND {_FILTERS[name]}" for name in _FILTERS if name in filters)
        return _fill(_LAST_ONES % passing, self.prefix)


def _arm(state: State, passing: str, by_id: bool) -> str:
    match state:
        case State.PENDING if by_id:
            return _NEWEST_OF % ("NOT INDEXED", f"state = 'pending' AND id < :bound{passing}", _BY_ID)
        case State.PENDING:
            return _NEWEST_OF % (
                "INDEXED BY ${p}_waiting", f"state = 'pending' AND {_WAITING}{passing}", _BY_TIME
            )  # fmt: skip
        case State.RUNNING:
            return _NEWEST_OF % ("INDEXED BY ${p}_leased", f"lease_expires_at IS NOT NULL{passing}", _BY_TIME)
        case _:
            return _NEWEST_OF % ("INDEXED BY ${p}_listed", f"{_LISTED % state}{passing}", _BY_TIME)


def _fill(template: str, prefix: str) -> str:
    return Template(template).substitute(p=prefix)
