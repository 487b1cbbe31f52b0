"""Which record is claimed next: the policy over hints and index."""

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress

from msgspec import Struct

from lazyjobs import BackendError, BackendUnavailableError, ClaimParams, Record, State
from lazyjobs_aws._hints import Hint, Hints
from lazyjobs_aws._index import Entry, Index, Look
from lazyjobs_aws._leases import Leases
from lazyjobs_aws._log import logger
from lazyjobs_aws._records import PayloadGoneError, UnreadableItemError
from lazyjobs_aws._store import Refused
from lazyjobs_aws._table import Table
from lazyjobs_aws._times import Clock, to_microseconds
from lazyjobs_aws._turns import Turns
from lazyjobs_aws._watch import Watch

_DAMAGE = (PayloadGoneError, UnreadableItemError)
_CLEARED = 100
_LOOKS = 3
_WANTED = 25


class Sources(Struct, frozen=True):
    """Where records to claim come from."""

    table: Table
    index: Index
    hints: Hints
    watch: Watch
    clock: Clock
    turns: Turns
    leases: Leases


def claim(sources: Sources, params: ClaimParams, limit: int) -> list[Record]:
    """At most `limit` records; what was claimed before something failed is returned all the same."""
    sources.leases.check(params.lease)
    sources.hints.delete_old()
    attempt = _Claim(sources, params, limit)
    try:
        attempt.run()
    except BackendError as error:
        if not attempt.records:
            if isinstance(error, _DAMAGE):
                raise BackendUnavailableError(f"{error}; it is out of the way now; try again") from error
            raise
        logger.warning("fewer records were claimed than there may be: %s", error)
    return attempt.records


class _Claim:
    """One call: perhaps the index, hints that came by themselves, hints asked for, then all that the index has."""

    def __init__(self, sources: Sources, params: ClaimParams, limit: int) -> None:
        self.records: list[Record] = []
        self._from = sources
        self._params = params
        self._queues = tuple(dict.fromkeys(params.queues))
        self._limit = limit
        self._tried: set[int] = set()
        self._beaten = False

    def run(self) -> None:
        try:
            for each in self._candidates():
                self._try(each)
                if len(self.records) >= self._limit:
                    break
        except _DAMAGE:
            if not self.records:
                self._clear()
            raise

    def _clear(self) -> None:
        """Tries those behind a damaged item that are damaged, too: a worker gets past many in a few claims."""
        for entry in self._from.index.look(self._queues, self._now(), _CLEARED).due[:_CLEARED]:
            if entry.id not in self._tried and self._from.table.is_damaged(entry.id):
                with suppress(*_DAMAGE):
                    self._try(entry)

    def _try(self, candidate: Hint | Entry) -> None:
        now = self._now()
        hint = candidate if isinstance(candidate, Hint) else None
        try:
            found = self._from.table.claim(
                candidate.id,
                worker=self._params.worker,
                now=now,
                lease_end=now + to_microseconds(self._params.lease),
                clock=to_microseconds(self._from.clock()),
                running=isinstance(candidate, Entry) and candidate.running,
            )
        except _DAMAGE:
            if hint is not None:
                self._from.hints.use(hint)
            raise
        if isinstance(found, Record):
            self.records.append(found)
        else:
            self._beaten = hint is None
        # A hint that is early, by the clocks of two machines, comes back by itself.
        if hint is not None and not (isinstance(found, Refused) and _is_pending(found)):
            self._from.hints.use(hint)

    def _now(self) -> int:
        # Read anew for each request: by an older time what was inserted in between would not be due.
        return to_microseconds(self._from.clock() if self._params.now is None else self._params.now)

    def _candidates(self) -> Iterator[Hint | Entry]:
        look: Look | None = None
        if self._from.turns.index_first():
            look = self._look()
            yield from self._untried(self._untold(look))
        yield from self._noted(self._brought())
        yield from self._noted(self._asked_for())
        for _ in range(_LOOKS):
            look = look or self._look()
            yield from self._untried(look.due)
            if len(look.due) < _WANTED:
                break
            look = None

    def _untold(self, look: Look) -> list[Entry]:
        """Those that no hint tells of; a hint that is to be expected must be there when it is asked for."""
        silent = {entry.queue for entry in look.due if self._from.turns.is_told(entry)}
        for queue in list(silent):
            # A poll under way would have brought it.
            for hint in () if self._from.watch.polls(queue) else self._from.hints.receive(queue, 1):
                self._from.watch.keep(hint)
                silent.discard(queue)
        untold = [each for each in look.due if each.queue in silent or not self._from.turns.is_told(each)]
        self._from.turns.looked(len(untold))
        return untold

    def _brought(self) -> Iterator[Hint]:
        while (hint := self._from.watch.take(self._queues)) is not None:
            yield hint

    def _asked_for(self) -> Iterator[Hint]:
        for queue in random.sample(self._queues, len(self._queues)):
            hints: list[Hint] | None = None
            while hints != [] and not self._from.watch.polls(queue):
                hints = self._from.hints.receive(queue, self._limit - len(self.records))
                yield from hints

    def _noted(self, hints: Iterable[Hint]) -> Iterator[Hint]:
        for hint in hints:
            self._from.turns.came(hint)
            self._tried.add(hint.id)
            yield hint

    def _untried(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """In order; but at random once another worker was quicker, since he goes by the same order."""
        left = [entry for entry in entries if entry.id not in self._tried]
        self._beaten = False
        while left:
            entry = left.pop(random.randrange(len(left)) if self._beaten else 0)  # noqa: S311 (no secret)
            self._tried.add(entry.id)
            yield entry

    def _look(self) -> Look:
        """Looks at the index; raises `UnreadableItemError` for what cannot be a record, and is then set aside."""
        look = self._from.index.look(self._queues, self._now(), max(self._limit, _WANTED))
        self._from.turns.looked(sum(not self._from.turns.is_told(each) for each in look.due))
        for strange in look.strange:
            self._from.table.set_aside(strange.key, strange.error)
        if look.strange:
            raise look.strange[0].error
        return look


def _is_pending(found: Refused) -> bool:
    return found.item is not None and found.item.get("state", {}).get("S") == State.PENDING
