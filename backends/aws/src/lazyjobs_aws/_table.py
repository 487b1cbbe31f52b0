"""The table's records: one request for each transition, decided by its condition."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from lazyjobs import BackendError, BackendUnavailableError, ClaimLostError, InsertParams, Record, State
from lazyjobs_aws import _items as items
from lazyjobs_aws import _records as records
from lazyjobs_aws._errors import may_be_of_the_item
from lazyjobs_aws._items import PAYLOAD, Item, Value
from lazyjobs_aws._records import PayloadGoneError, UnreadableItemError
from lazyjobs_aws._store import Change, Refused, Store
from lazyjobs_aws._times import SECOND

_ROUNDS = 20
_LONGEST_INSERT = 300.0
"""In seconds; `clean` takes a payload whose record is still missing a day later to be abandoned."""
_REPEATED_WITHIN = 600 * SECOND
"""For so long after a record's last transition a request about it may still be repeated."""

_WAITING = "(#state = :pending OR #state = :retrying) AND #run_at <= :now"
_ENDED = "#state = :running AND #lease <= :now"
_HELD = "#state = :running AND #attempt = :attempt"
_UNMOVED = "#seen <= :seen"
_OLD = "#seen < :before AND attribute_not_exists(#shelf)"
_UNCLAIMED: dict[str, Value] = {"pending": State.PENDING.value, "retrying": State.RETRYING.value}
_NOT_IN_THE_INDEX = ("shelf", "slot", "hint")
_PRUNED = (
    *("strip", "seen", "state", "kind", "queue", "attempt", "most", "run_at", "made", "payload", "size", "error"),
    *("abandoned", "claimed_by", "taken_from", "spared"),
)


class Table:
    """The records of one namespace; thread-safe.

    Every method is one request, repeated only where a condition tells whether the one before took effect. Reading a
    payload that has an item of its own is one more.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def insert(self, params: InsertParams, *, id: int, now: int, run_at: int, hinted: bool) -> Record | None:
        """The new record; None if another has its id."""
        layout = self._store.layout
        token = secrets.token_bytes(8)
        if items.stands_apart(params):
            # First, so that no record is ever without its payload. Left alone, it is what `clean` removes.
            began = monotonic()
            payload = items.encode_all({"id": id, "part": PAYLOAD, "payload": params.payload, "token": token})
            if not self._put(payload, token):
                return None
            if monotonic() - began > _LONGEST_INSERT:
                raise BackendUnavailableError(f"inserting took longer than {_LONGEST_INSERT} s and was given up")
        item = items.new_job(params, id=id, now=now, run_at=run_at, layout=layout, token=token)
        if hinted:
            item["hint"] = items.encode(1)
        return records.read_record(item, params.payload) if self._put(item, token) else None

    def _put(self, item: dict[str, Any], token: bytes) -> bool:
        """Whether the item was put by this call, be it by a request whose answer was lost."""
        refused = self._store.put(item)
        return refused is None or _bears(refused.item, "token", token)

    def claim(
        self, id: int, *, worker: str, now: int, lease_end: int, clock: int, running: bool = False
    ) -> Record | Refused:
        """Makes the record running if it is due at `now`; `running` is whether it seems to be that already.

        Raises `UnreadableItemError` if it can be no record, which is then set aside, and `PayloadGoneError` if its
        payload is gone; it is then retried, and discarded after its attempts.
        """
        try:
            claim = _Claim(worker, now, lease_end, running)
            item = claim.recognize(self._transition(id, claim.change, clock, claim.allows))
            return item if isinstance(item, Refused) else records.read_record(item, self._payload(item))
        except UnreadableItemError as error:
            self.set_aside(items.key(id), error)
            raise
        except PayloadGoneError as error:
            self._give_up(id, error, clock=clock, later=lease_end)
            raise

    def is_damaged(self, id: int) -> bool:
        """Whether a claim of the record would raise."""
        item = self._store.get(id)
        if item is None or "gone" in item or _is_aside(item):
            return False
        try:
            records.check_claimable(item)
            self._payload(item)
        except (PayloadGoneError, UnreadableItemError):
            return True
        return False

    def _payload(self, item: Item) -> bytes:
        """The payload of a job, from whichever item has it."""
        if "size" not in item:
            return records.read_payload(item)
        return records.read_payload(self._store.get(records.job_id(item), PAYLOAD) or {"id": item["id"]})

    def set_aside(self, key: Item, error: UnreadableItemError) -> None:
        """Takes an item out of the index of what is due, so that what stands behind it runs."""
        aside = Change(
            set={"aside": items.storable(str(error))},
            remove=_NOT_IN_THE_INDEX,
            condition="attribute_exists(#id)",
            values={},
        )
        self._store.update(key, aside, "setting an item aside")

    def _give_up(self, id: int, error: PayloadGoneError, *, clock: int, later: int) -> None:
        """Retries the record that was just claimed when its lease would have ended; discards it after its attempts."""
        item = self._store.get(id)
        if item is None:
            return
        attempt = records.integer(item, "attempt")
        change: dict[str, Value | None] = {"error": items.storable(str(error)), "hint": None}
        if attempt >= records.integer(item, "most"):
            outcome = State.DISCARDED
            change |= {"shelf": None, "slot": None}
        else:
            outcome = State.RETRYING
            change |= {"run_at": later, "slot": later}
        with suppress(ClaimLostError):  # somebody else has it already
            self.finish(id, attempt, outcome, clock=clock, change=change)

    def finish(
        self,
        id: int,
        attempt: int,
        outcome: State,
        *,
        clock: int,
        change: Mapping[str, Value | None],
        spare: bool = False,
    ) -> None:
        """Moves the record that the claim holds to `outcome`, with what `change` sets or (None) removes."""
        token = secrets.token_bytes(8)
        mark = "retried" if outcome is State.RETRYING else "ended"
        sets = {name: value for name, value in change.items() if value is not None}
        removed = tuple(name for name in ("lease", *change) if name not in sets)

        def make(seen: int, _: Item | None) -> Change:
            return Change(
                set={"state": outcome.value, **sets, mark: token, "seen": seen},
                remove=removed,
                condition=f"{_HELD} AND {_UNMOVED}",
                values={"running": State.RUNNING.value, "attempt": attempt},
                counts="spared" if spare else "",
            )

        found = self._transition(id, make, clock, lambda item: _shows(item, State.RUNNING, attempt))
        if isinstance(found, Refused) and not (
            _shows(found.item, outcome, attempt)
            or _bears(found.item, mark, token)
            or (found.repeated and _ended_by_itself(found.item, attempt))
        ):
            raise _lost(id, attempt, found.item)

    def extend(self, id: int, attempt: int, lease_end: int) -> None:
        """Moves the end of the lease that the claim holds."""
        held: dict[str, Value] = {"running": State.RUNNING.value, "attempt": attempt}
        later = Change(set={"lease": lease_end}, condition=f"{_HELD} AND #slot <= :lease", values=held)
        found = self._store.update(items.key(id), later, "extending")
        if isinstance(found, Refused) and _shows(found.item, State.RUNNING, attempt):
            # A lease that ends before the slot: the index would not be looked at in time.
            earlier = Change(set={"lease": lease_end, "slot": lease_end}, condition=_HELD, values=held)
            found = self._store.update(items.key(id), earlier, "extending")
        if isinstance(found, Refused):
            raise _lost(id, attempt, found.item)

    def prune(self, item: Item, before: int, now: int) -> bool:
        """Deletes a finished job not updated since, and its payload; whether this call did.

        Of a job of the last minutes the tokens stay for a while: an insert of it that is repeated, because its answer
        was lost, would else insert it again.
        """
        id = records.job_id(item)
        if records.integer(item, "seen") > now - _REPEATED_WITHIN:
            pruned = self._bury(id, before, now)
        else:
            refused = self._store.delete(id, condition=_OLD, before=before)
            pruned = refused is None or (refused.item is None and refused.repeated)
        if pruned and "size" in item:
            self._store.delete(id, PAYLOAD)
        return pruned

    def _bury(self, id: int, before: int, now: int) -> bool:
        token = secrets.token_bytes(8)
        change = Change(
            set={"gone": token, "expires": (now + _REPEATED_WITHIN) // SECOND},
            remove=_PRUNED,
            condition=_OLD,
            values={"before": before},
        )
        found = self._store.update(items.key(id), change, "pruning")
        return not isinstance(found, Refused) or _bears(found.item, "gone", token)

    def _transition(
        self, id: int, make: Callable[[int, Item | None], Change], clock: int, allowed: Callable[[Item], bool]
    ) -> Item | Refused:
        """An update that also moves `seen` to the clock, or leaves it where it is while the clock is behind it.

        If the condition failed although what it found is `allowed`, then the clock was behind, or `make` has to know
        what was found.
        """
        found = self._update(id, make(clock, None))
        for _ in range(_ROUNDS):
            if not isinstance(found, Refused) or found.item is None or not allowed(found.item):
                break
            seen = max(clock, records.microseconds(found.item, "seen"))
            found = self._update(id, make(seen, found.item))
        return found

    def _update(self, id: int, change: Change) -> Item | Refused:
        try:
            return self._store.update(items.key(id), change, "a transition")
        except BackendError as error:
            if may_be_of_the_item(error.__cause__) and (item := self._store.get(id)) is not None:
                records.check_claimable(item)
            raise


class _Claim:
    """One claim of a record, which may take several requests."""

    def __init__(self, worker: str, now: int, lease_end: int, running: bool) -> None:
        self._worker = worker
        self._now = now
        self._lease_end = lease_end
        self._running = running
        self._token = secrets.token_bytes(8)

    def change(self, seen: int, found: Item | None) -> Change:
        """Takes a record that waits, or one whose lease has ended, as it was found to be or is taken to be."""
        supersedes = self._running if found is None else _shows(found, State.RUNNING)
        sets: dict[str, Value] = {
            "state": State.RUNNING.value,
            "lease": self._lease_end,
            "claim": self._token,
            "seen": seen,
            **({"claimed_by": self._worker} if self._worker else {}),
        }
        removed = () if self._worker else ("claimed_by",)
        due = _ENDED if supersedes else _WAITING
        states: dict[str, Value] = {"running": State.RUNNING.value} if supersedes else _UNCLAIMED
        return Change(
            set=sets,
            remove=removed if supersedes else (*removed, "taken_from"),
            condition=f"{due} AND #attempt < :largest AND {_UNMOVED}",
            values={**states, "now": self._now, "largest": records.LARGEST},
            raises="attempt",
            counts="abandoned" if supersedes else "",
            keeps=("taken_from", "claimed_by") if supersedes else ("", ""),
        )

    def allows(self, item: Item) -> bool:
        """Whether it is due all the same; raises `UnreadableItemError` if that will never be known."""
        if "gone" in item or _is_aside(item):
            return False
        records.check_claimable(item)
        due = records.due_time(item)
        return due is not None and due <= self._now

    def recognize(self, found: Item | Refused) -> Item | Refused:
        """The item if this call claimed it, be it by a request whose answer was lost."""
        if isinstance(found, Refused) and found.item is not None:
            mine = _bears(found.item, "claim", self._token) and _shows(found.item, State.RUNNING)
            return found.item if mine else found
        return found


def _is_aside(item: Item) -> bool:
    """Whether it was set aside, of which hints may still tell."""
    return "aside" in item and "shelf" not in item


def _bears(item: Item | None, name: str, token: bytes) -> bool:
    return item is not None and item.get(name, {}).get("B") == token


def _shows(item: Item | None, state: State, attempt: int | None = None) -> bool:
    if item is None or item.get("state", {}).get("S") != state:
        return False
    return attempt is None or item.get("attempt", {}).get("N") == str(attempt)


def _ended_by_itself(item: Item | None, attempt: int) -> bool:
    """Whether that attempt surely was retried: a later one began, and no claim of the record was ever superseded."""
    if item is None or "state" not in item or "abandoned" in item:
        return False
    return records.integer(item, "attempt") > attempt


def _lost(id: int, attempt: int, item: Item | None) -> ClaimLostError:
    if item is None or "state" not in item:
        return ClaimLostError(id, attempt, "no such record")
    return ClaimLostError(id, attempt, f"{records.text(item, 'state')}, attempt {records.integer(item, 'attempt')}")
