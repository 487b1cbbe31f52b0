"""The SQL of the contract's methods, for the tables of one prefix."""

from collections.abc import Iterable
from string import Template

from msgspec import Struct

from lazyjobs import State

COLUMNS = (
    "id, kind, queue, payload, state, attempt, max_attempts, run_at, created_at, updated_at, "
    "lease_expires_at, last_error"
)
"""The columns that make a record, in the order of every statement here that returns some."""

_WAITING = "state IN ('pending', 'retrying')"

# Both heads of the queue: what waits for its time, and what was claimed under a lease that has ended.
_DUE_ON_ONE = f"""
    SELECT * FROM (SELECT id, run_at AS due FROM ${{p}}_records INDEXED BY ${{p}}_waiting
        WHERE queue = ?1 AND {_WAITING} AND run_at <= ?2 ORDER BY run_at, id LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT id, lease_expires_at AS due FROM ${{p}}_records INDEXED BY ${{p}}_leased
        WHERE queue = ?1 AND lease_expires_at <= ?2 ORDER BY lease_expires_at, id LIMIT 1)
"""
_DUE_ON_MANY = f"""
    SELECT h.id AS id, h.run_at AS due FROM json_each(?1) AS q CROSS JOIN ${{p}}_records AS h ON h.id =
        (SELECT id FROM ${{p}}_records INDEXED BY ${{p}}_waiting
        WHERE queue = q.value AND {_WAITING} AND run_at <= ?2 ORDER BY run_at, id LIMIT 1)
    UNION ALL
    SELECT h.id AS id, h.lease_expires_at AS due FROM json_each(?1) AS q CROSS JOIN ${{p}}_records AS h ON h.id =
        (SELECT id FROM ${{p}}_records INDEXED BY ${{p}}_leased
        WHERE queue = q.value AND lease_expires_at <= ?2 ORDER BY lease_expires_at, id LIMIT 1)
"""
_CLAIM = f"""
    UPDATE ${{p}}_records
    SET state = 'running', attempt = attempt + 1, lease_expires_at = ?3, updated_at = max(updated_at, ?4)
    WHERE id = (SELECT id FROM (%s) ORDER BY due, id LIMIT 1)
    RETURNING {COLUMNS}
"""
_NEXT_DUE = "SELECT min(due) FROM (%s)"
_FINISH = """
    UPDATE ${p}_records SET state = '%s', lease_expires_at = NULL, updated_at = max(updated_at, ?3)%s
    WHERE id = ?1 AND attempt = ?2 AND state = 'running'
"""
_NEWEST = f"""
    SELECT {COLUMNS} FROM ${{p}}_records WHERE id IN
        (SELECT id FROM (%s) ORDER BY updated_at DESC, id DESC LIMIT ?1)
"""
_NEWEST_OF_STATE = """
    SELECT * FROM (SELECT id, updated_at FROM ${p}_records INDEXED BY ${p}_listed
        WHERE state = '%s' AND lease_expires_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT ?1)
"""
_NEWEST_RUNNING = """
    SELECT * FROM (SELECT id, updated_at FROM ${p}_records INDEXED BY ${p}_leased
        WHERE lease_expires_at IS NOT NULL ORDER BY updated_at DESC, id DESC LIMIT ?1)
"""
_OLDEST_OF_STATE = """
    SELECT * FROM (SELECT id, updated_at FROM ${p}_records INDEXED BY ${p}_listed
        WHERE state = '%s' AND lease_expires_at IS NULL AND updated_at < ?1 ORDER BY updated_at, id LIMIT ?2)
"""
_TEMPLATES = {
    "next_id": """
        SELECT max((SELECT coalesce(max(id), 0) FROM ${p}_records), (SELECT last_deleted FROM ${p}_ids)) + 1
    """,
    "insert": """
        INSERT INTO ${p}_records (id, kind, queue, payload, state, attempt, max_attempts, run_at, created_at,
            updated_at, last_error)
        VALUES (max((SELECT coalesce(max(id), 0) FROM ${p}_records), (SELECT last_deleted FROM ${p}_ids)) + 1,
            ?1, ?2, ?3, 'pending', 0, ?4, ?5, ?6, ?6, '')
    """,
    "insert_as": """
        INSERT INTO ${p}_records (id, kind, queue, payload, state, attempt, max_attempts, run_at, created_at,
            updated_at, last_error)
        VALUES (?1, ?2, ?3, ?4, 'pending', 0, ?5, ?6, ?7, ?7, '')
    """,
    "claim_from_one": _CLAIM % _DUE_ON_ONE,
    "claim_from_many": _CLAIM % _DUE_ON_MANY,
    "next_due_on_one": _NEXT_DUE % _DUE_ON_ONE,
    "next_due_on_many": _NEXT_DUE % _DUE_ON_MANY,
    "complete": _FINISH % ("succeeded", ""),
    "retry": _FINISH % ("retrying", ", run_at = ?4, last_error = ?5") + "RETURNING queue",
    "discard": _FINISH % ("discarded", ", last_error = ?4"),
    "extend": """
        UPDATE ${p}_records SET lease_expires_at = ?3 WHERE id = ?1 AND attempt = ?2 AND state = 'running'
    """,
    "look": "SELECT state, attempt FROM ${p}_records WHERE id = ?1",
    "count": """
        SELECT kind, queue, total, retrying, succeeded, discarded, 0 FROM ${p}_counts
        UNION ALL
        SELECT kind, queue, 0, 0, 0, 0, count(*) FROM ${p}_records INDEXED BY ${p}_leased
            WHERE lease_expires_at IS NOT NULL GROUP BY queue, kind
    """,
    "prune": f"""
        DELETE FROM ${{p}}_records WHERE id IN (SELECT id FROM (
            {_OLDEST_OF_STATE % "succeeded"} UNION ALL {_OLDEST_OF_STATE % "discarded"}
        ) ORDER BY updated_at, id LIMIT ?2)
    """,
}


class Statements(Struct, frozen=True):
    """Each statement by its name; its parameters are numbered."""

    prefix: str
    next_id: str
    insert: str
    insert_as: str
    claim_from_one: str
    claim_from_many: str
    next_due_on_one: str
    next_due_on_many: str
    complete: str
    retry: str
    discard: str
    extend: str
    look: str
    count: str
    prune: str

    @classmethod
    def of(cls, prefix: str) -> "Statements":
        return cls(prefix=prefix, **{name: _fill(template, prefix) for name, template in _TEMPLATES.items()})

    def newest(self, states: Iterable[State]) -> str:
        """Selects the newest `?1` records of these states, of which there is one at least, in no order."""
        arms = [_NEWEST_RUNNING if state is State.RUNNING else _NEWEST_OF_STATE % state for state in states]
        return _fill(_NEWEST % "UNION ALL".join(arms), self.prefix)


def _fill(template: str, prefix: str) -> str:
    return Template(template).substitute(p=prefix)
