"""The contract as a sequential program: from a state and a call with its answer to the next state."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from lazyjobs import ClaimParams, ExtendParams, FinishParams, InsertParams, ListOptions, PruneParams, Record, Stats
from lazyjobs_testkit.model import _answers as answers
from lazyjobs_testkit.model import _requests as requests
from lazyjobs_testkit.model import _transitions as transitions
from lazyjobs_testkit.model._departures import keeps_all, prune, unretained
from lazyjobs_testkit.model._entry import Entry
from lazyjobs_testkit.model._errors import DisallowedError, Fault
from lazyjobs_testkit.model._reads import check_list, check_stats, has_filters, is_whole
from lazyjobs_testkit.model._span import Window
from lazyjobs_testkit.model._terms import Terms

MAX_ID = 2**63 - 1

_NONE: Mapping[int, Entry] = MappingProxyType({})
_NEVER: tuple[frozenset[str], int] = (frozenset(), 0)


class Model(Struct, frozen=True, kw_only=True):
    """Everything that one namespace must hold, given all calls so far; a value that no step changes.

    Ids and clock readings are the backend's to choose, so they are checked, not predicted. Calls are taken to come one
    after the other; what holds when they overlap is the business of `lazyjobs_testkit.history`.
    """

    terms: Terms = Terms()
    entries: Mapping[int, Entry] = _NONE
    """The records that there are, by id."""
    doubtful: frozenset[int] = frozenset()
    """The ids of finished records that may have been pruned."""
    pruned: int = 0
    """How many of the doubtful were."""
    gone: frozenset[int] = frozenset()
    """The ids of records that there were; none is ever used again."""
    highest: Mapping[str, int] = MappingProxyType({})
    """The highest id each handle has given."""
    empty: tuple[frozenset[str], int] = _NEVER
    """The queues of the last claim, and how many times running one on them answered None though something was due."""

    def __hash__(self) -> int:
        return hash((frozenset(self.entries.items()), self.doubtful, self.pruned, self.gone))

    def step(self, request: requests.Request, answer: answers.Answer, window: Window, handle: str = "") -> "Model":
        """The state after a call that was answered so, in that window of time, by that handle.

        Raises `DisallowedError` if the contract does not allow the answer. An error other than `ClaimLostError` leaves
        open what happened, so it is never allowed here.
        """
        match request, answer:
            case _, answers.Unknown(error):
                raise DisallowedError(Fault.UNEXPECTED, f"{request.method} ended with {error}")
            case requests.Insert(params), answers.One(record):
                return self._insert(params, record, window, handle)
            case requests.InsertMany(many), answers.Many(records):
                return self._insert_many(many, records, window, handle)
            case requests.Claim(params), answers.One() | answers.Nothing():
                return self._claim(params, _record_of(answer), window)
            case requests.ClaimMany(params, limit), answers.Many(records):
                return self._claim_many(params, limit, records, window)
            case ((requests.Complete() | requests.Retry() | requests.Discard() | requests.Extend()), answers.Lost()):
                return self._refuse(request.params, window)
            case ((requests.Complete() | requests.Retry() | requests.Discard()), answers.Nothing()):
                return self._finish(request.params, window)
            case requests.Extend(params), answers.Nothing():
                return self._extend(params, window)
            case requests.FinishAndClaim(finish, params), answers.Lost():
                return self._refuse(finish.params, window)
            case requests.FinishAndClaim(finish, params), answers.One() | answers.Nothing():
                finished = self.step(finish, answers.Nothing(), window, handle)
                return finished.step(requests.Claim(params), answer, window, handle)
            case requests.ListRecords(options), answers.Many(records):
                return self._list(options, records, window)
            case requests.CountRecords(), answers.Counts(stats):
                self._count(stats, window)
                return self
            case requests.Prune(params), answers.Number(number):
                return self._prune(params, number, window)
        raise DisallowedError(Fault.UNEXPECTED, f"{request.method} answered {answer!r}")

    def due(self, queues: Sequence[str], window: Window, params: ClaimParams) -> Sequence[Entry]:
        """The records that are certainly due to a claim with these parameters, the smallest (due time, id) first."""
        now = transitions.given_or_clock(params.now, window, self.terms).earliest
        found = [
            (entry.due.latest, entry.id, entry)
            for entry in self.entries.values()
            if entry.due is not None and entry.due.latest <= now and entry.queue in queues
        ]
        return [entry for _, _, entry in sorted(found, key=lambda item: item[:2])]

    def _insert(self, params: InsertParams, record: Record, window: Window, handle: str) -> "Model":
        id = record.id
        if not 1 <= id <= MAX_ID:
            raise DisallowedError(Fault.REUSED_ID, f"insert gave the id {id}; ids are from 1 to 2^63-1")
        if id in self.entries or id in self.gone:
            raise DisallowedError(Fault.REUSED_ID, f"insert gave the id {id}, which another record has or had")
        if id <= self.highest.get(handle, 0):
            raise DisallowedError(
                Fault.REUSED_ID, f"insert gave the id {id} after {self.highest[handle]} on the same handle; ids grow"
            )
        entry = transitions.insert(id, params, window, self.terms, record)
        return replace(self._put(entry), highest={**self.highest, handle: id})

    def _insert_many(
        self, params: Sequence[InsertParams], records: Sequence[Record], window: Window, handle: str
    ) -> "Model":
        if len(records) != len(params):
            raise DisallowedError(
                Fault.MISCOUNTED, f"insert_many returned {len(records)} records for {len(params)} parameters"
            )
        model = self
        for each, record in zip(params, records, strict=True):
            model = model.step(requests.Insert(each), answers.One(record), window, handle)
        return model

    def _claim(self, params: ClaimParams, record: Record | None, window: Window) -> "Model":
        due = self.due(params.queues, window, params)
        if record is None:
            return self._claim_nothing(params, due)
        found = self.entries.get(record.id)
        if found is None:
            raise DisallowedError(
                Fault.INVENTED, f"claim answered record {record.id}, which was never inserted or is gone"
            )
        entry = transitions.claim(found, params, window, self.terms, record)
        if self.terms.strict and due and found.due is not None:
            first = due[0]
            assert first.due is not None
            if (first.due.latest, first.id) < (found.due.earliest, found.id):
                raise DisallowedError(
                    Fault.PASSED_OVER,
                    f"claim took record {found.id} (due {found.due}) before record {first.id} (due {first.due})",
                )
        return replace(self._put(entry), empty=_NEVER)

    def _claim_nothing(self, params: ClaimParams, due: Sequence[Entry]) -> "Model":
        queues = frozenset(params.queues)
        before = self.empty[1] if self.empty[0] == queues else 0
        times = before + 1 if due else 0
        if times > self.terms.wrong_empties:
            running = f", {times} times running" if times > 1 else ""
            raise DisallowedError(
                Fault.EMPTY,
                f"claim answered None{running}, but record {due[0].id} is {due[0].state} and due {due[0].due}",
            )
        return replace(self, empty=(queues, times))

    def _claim_many(self, params: ClaimParams, limit: int, records: Sequence[Record], window: Window) -> "Model":
        if len(records) > limit:
            raise DisallowedError(
                Fault.MISCOUNTED, f"claim_many returned {len(records)} records, though limit is {limit}"
            )
        model = self
        for record in records:
            model = model.step(requests.Claim(params), answers.One(record), window)
        return model if records else self._claim(params, None, window)

    def _finish(self, params: FinishParams, window: Window) -> "Model":
        found = self.entries.get(params.id)
        return self._put(transitions.finish(found, params, window, self.terms))

    def _extend(self, params: ExtendParams, window: Window) -> "Model":
        found = self.entries.get(params.id)
        return self._put(transitions.extend(found, params, window, self.terms))

    def _refuse(self, params: FinishParams | ExtendParams, window: Window) -> "Model":
        if params.id not in self._doubtful(window):
            transitions.refuse(self.entries.get(params.id), params)
        return self

    def _list(self, options: ListOptions, records: Sequence[Record], window: Window) -> "Model":
        missing = check_list(options, records, self.entries, self._doubtful(window))
        complete = is_whole(options, len(records)) and not has_filters(options)
        if complete and self._keeps_all and len(missing) != self.pruned:
            raise DisallowedError(
                Fault.MISCOUNTED,
                f"of the records that may have been pruned, {len(missing)} are gone, not {self.pruned}",
            )
        entries = {id: entry for id, entry in self.entries.items() if id not in missing}
        for record in records:
            entries[record.id] = entries[record.id].seen(record, payloads=options.payloads)
        return replace(
            self,
            entries=entries,
            gone=self.gone | missing,
            doubtful=self.doubtful - missing - {record.id for record in records},
            pruned=max(0, self.pruned - len(missing & self.doubtful)),
        )

    def _count(self, stats: Stats, window: Window) -> None:
        doubtful = self._doubtful(window)
        check_stats(stats, (e for e in self.entries.values() if e.id not in doubtful), self.entries.values())
        if self._keeps_all and stats.total != len(self.entries) - self.pruned:
            raise DisallowedError(
                Fault.MISCOUNTED,
                f"stats counts {stats.total} records in total, not {len(self.entries) - self.pruned}",
            )

    def _prune(self, params: PruneParams, number: int, window: Window) -> "Model":
        left = prune(params, number, self.entries, self._doubtful(window))
        return replace(
            self,
            entries={id: entry for id, entry in self.entries.items() if id not in left.gone},
            gone=self.gone | left.gone,
            doubtful=(self.doubtful | left.doubtful) - left.gone,
            pruned=self.pruned + left.pruned,
        )

    @property
    def _keeps_all(self) -> bool:
        return keeps_all(len(self.entries) + len(self.gone), self.terms)

    def _doubtful(self, window: Window) -> frozenset[int]:
        return self.doubtful | unretained(self.entries, window, self.terms)

    def _put(self, entry: Entry) -> "Model":
        return replace(self, entries={**self.entries, entry.id: entry})


def _record_of(answer: answers.One | answers.Nothing) -> Record | None:
    return answer.record if isinstance(answer, answers.One) else None
