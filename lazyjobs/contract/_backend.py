"""The seven methods of a storage backend."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from lazyjobs.contract._params import ClaimParams, CompleteParams, DiscardParams, InsertParams, ListOptions, RetryParams
from lazyjobs.contract._records import Record, Stats


@runtime_checkable
class Backend(Protocol):
    """A store of records; a class with these seven methods is a complete backend and need not inherit.

    Synchronous and thread-safe: any thread may call any method at any time. What holds for all seven (time, payloads,
    isolation, durability, errors) is said in `lazyjobs.contract`; what else a backend may offer, in the `Supports…`
    protocols. A class may name the contract it was written for, as a literal `contract_version = 1`.
    """

    def insert(self, params: InsertParams) -> Record:
        """Stores a new record, pending, and returns it once it is stored: attempt 0, no error, no lease.

        `run_at=None` becomes the clock's now. The id is unique among all threads, processes and instances, greater
        than those this instance gave before, and never used again, not even after the record was pruned. What is
        returned is what `list` and `claim` return later, but for the fields that a transition changes. `abandoned` and
        `spared` are 0, `claimed_by` is "" and `taken_from` None, as they are for a record that was stored before a
        backend knew these fields.

        Raises `PayloadTooLargeError`, with nothing written, when the payload is a byte longer than the backend's
        maximum; `BackendUnavailableError` when it got no answer, and then the record may exist.
        """

    def claim(self, params: ClaimParams) -> Record | None:
        """Moves one due record to running and returns it as it then is; None if nothing is due, changing nothing.

        Due is a record on one of `params.queues` whose due time (`run_at` while pending or retrying,
        `lease_expires_at` while running) is not after now: `params.now` if given, else the backend's clock. Of all of
        them, over all those queues together, the one with the smallest `(due time, id)` is taken. Its `attempt` goes
        up by one, its lease ends at `now + params.lease`, `updated_at` moves on, and `claimed_by` becomes
        `params.worker`, be it "". A claim that takes a running record supersedes the one before: `abandoned` goes up by
        one and `taken_from` becomes the `claimed_by` that was; else `taken_from` becomes None. Nothing else changes:
        `max_attempts` is not looked at, since giving up is the runner's decision.

        Atomic: a record is handed to one caller only, among all threads, processes and machines, until its lease has
        ended. A claim may pass over a due record, as if it were not due, only if another call that overlaps it in time
        has changed that record, names it (a finish or extend of its id), or got no answer and may have changed it. A
        call that raised `BackendError` counts as unanswered, and one without an answer excuses for at most 60 seconds
        after it was sent; a call that ended before, or found nothing, excuses nothing. Two claims at once cannot both
        leave the only record. A backend that cannot order globally may take another due record and may answer None
        although something is due, if it says how often in a row, and leaves no due record waiting for ever.
        """

    def complete(self, params: CompleteParams) -> None:
        """Moves the claimed record to succeeded and ends its lease; `last_error` stays.

        Atomic, and only for the current claim: the record is running and its attempt is `params.attempt`, also when
        the lease has ended but nobody claimed the record again. A record that already is succeeded at that attempt is
        left as it is, so that the caller may ask again after a lost answer. Anything else (an unknown id, another
        attempt, another state) raises `ClaimLostError` and changes nothing.
        """

    def retry(self, params: RetryParams) -> None:
        """Moves the claimed record to retrying, due at `params.run_at` (None: the clock's now), and ends its lease.

        `last_error` becomes `params.last_error`, even when that is "". No error text may stop the transition: what
        cannot be stored is replaced, what is too long is cut, keeping its beginning. With `params.spare` it raises
        `spared` by one; its repetition does not. For whom it applies, repeating (here: retrying at that attempt,
        whatever the other arguments now say) and `ClaimLostError` are as in `complete`.
        """

    def discard(self, params: DiscardParams) -> None:
        """Moves the claimed record to discarded, for good, with `params.last_error`, and ends its lease.

        The error text is treated as in `retry`; for whom it applies, repeating (here: discarded at that attempt) and
        `ClaimLostError` are as in `complete`.
        """

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        """At most `options.limit` of the records that pass `options`: newest `updated_at` first, then the highest id.

        With `before`, only records whose `(updated_at, id)` is smaller. So each page's last record gives the next page,
        and together the pages show no record twice and miss only what changed after the first. Without
        `options.payloads` the payloads may be `b""`; else each is what was inserted.

        Read-only. Sees every write that was acknowledged to the caller before, or declares by how much it may be
        behind. The sequence is the caller's own.
        """

    def stats(self) -> Stats:
        """Counts of all records; when nothing else is running, those of `list` with `limit=None`.

        Read-only. Sees every write that was acknowledged to the caller before, or declares by how much it may be
        behind.
        """
