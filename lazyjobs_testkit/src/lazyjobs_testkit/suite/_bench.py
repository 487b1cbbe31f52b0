"""The bench a test works on: a fresh namespace, whose calls are recorded."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import NoReturn, Self, TypedDict, TypeVar, Unpack, cast

from lazyjobs import (
    Backend,
    ClaimParams,
    InsertParams,
    ListOptions,
    Record,
    Stats,
    SupportsClose,
)
from lazyjobs_testkit.harness import Harness, Namespaces, Traits
from lazyjobs_testkit.suite._outcomes import blocked, not_applicable
from lazyjobs_testkit.suite._trail import Call, record_calls

T = TypeVar("T")

KIND = "kit.example"
_LEASE = timedelta(seconds=60)


class InsertFields(TypedDict, total=False):
    """The fields of `InsertParams`."""

    kind: str
    queue: str
    payload: bytes
    max_attempts: int
    run_at: datetime | None


class ClaimFields(TypedDict, total=False):
    """The fields of `ClaimParams`."""

    queues: tuple[str, ...]
    now: datetime | None
    lease: timedelta
    worker: str


class Bench:
    """A fresh namespace for one test, with handles whose calls are recorded in `trail`.

    Leaving it closes every handle it opened and destroys its namespaces through the harness.
    """

    def __init__(self, harness: Harness, *, seed: int, budget: float = 1.0) -> None:
        self.harness = harness
        self.traits: Traits = harness.traits
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 (to be reproduced, not to be secret)
        self.budget = budget
        self.trail: list[Call] = []
        self._namespaces = Namespaces(harness)
        self._exits = ExitStack()
        self._elsewhere = ""
        self._handles: dict[str, int] = {}

    def __repr__(self) -> str:
        return "bench"

    def __enter__(self) -> Self:
        try:
            self._enter()
        except BaseException:
            self._exits.close()
            raise
        return self

    def _enter(self) -> None:
        self.namespace = self._create_namespace()
        self._raw = self._open_raw(self.namespace)
        self.backend = record_calls(self._raw, "backend", self.trail)
        if self.harness.one_store and self._raw.list(ListOptions(limit=1)):
            blocked("the one store of this URL holds what other rules left; write {namespace} into the URL")

    def __exit__(self, *exc_info: object) -> None:
        self._exits.close()

    def _create_namespace(self) -> str:
        namespace = self._namespaces.create()
        self._exits.callback(self._namespaces.destroy, namespace)
        return namespace

    def _open_raw(self, namespace: str) -> Backend:
        backend = self.harness.open(namespace)
        if isinstance(backend, SupportsClose):
            # An error here is for the rules about closing to find, not for whatever rule is being tried.
            self._exits.enter_context(suppress(Exception))
            self._exits.callback(backend.close)
        return backend

    def _open(self, namespace: str, label: str) -> Backend:
        number = self._handles[label] = self._handles.get(label, 1) + 1
        return record_calls(self._open_raw(namespace), f"{label}{number}", self.trail)

    def open(self) -> Backend:
        """Another handle on the same namespace, recorded; does not apply where there can be only one."""
        if self.traits.single_instance:
            not_applicable("single_instance is declared")
        return self._open(self.namespace, "backend")

    def elsewhere(self) -> Backend:
        """A handle on a second namespace, recorded; called again, another handle on that one."""
        self._elsewhere = self._elsewhere or self._create_namespace()
        return self._open(self._elsewhere, "elsewhere")

    def raw(self) -> Backend:
        """The first handle as the harness opened it: unrecorded, for threads and timing."""
        return self._raw

    def supports(self, capability: Callable[..., T]) -> T:
        """The first handle, recorded, as one that has `capability`; without it the rule does not apply."""
        if not isinstance(self.backend, cast(type, capability)):
            not_applicable(f"no {capability.__name__}")
        return cast(T, self.backend)

    def not_applicable(self, reason: str) -> NoReturn:
        """Ends the test: the rule does not concern this backend."""
        not_applicable(reason)

    def blocked(self, reason: str) -> NoReturn:
        """Ends the test: the rule could not be tried, and that is no fault of its own."""
        blocked(reason)

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    def at(self, seconds: float) -> datetime:
        """The time so many seconds from now; negative is the past."""
        return self.now() + timedelta(seconds=seconds)

    def insert(self, **fields: Unpack[InsertFields]) -> Record:
        """Inserts a record of the kit's kind, unless the fields say otherwise."""
        fields.setdefault("kind", KIND)
        return self.backend.insert(InsertParams(**fields))

    def claim(self, **fields: Unpack[ClaimFields]) -> Record | None:
        """One claim, whatever it answers."""
        return self.backend.claim(ClaimParams(**fields))

    def claim_due(self, **fields: Unpack[ClaimFields]) -> Record:
        """A claim where something is due: repeated as often as the traits allow empty answers, then failing."""
        for _ in range(1 + self.traits.empty_answers):
            if (record := self.claim(**fields)) is not None:
                return record
        times = "" if not self.traits.empty_answers else f", {1 + self.traits.empty_answers} times running"
        raise AssertionError(f"claim answered None{times}, although a record is due")

    def claimed(
        self,
        *,
        now: datetime | None = None,
        lease: timedelta = _LEASE,
        worker: str = "",
        **fields: Unpack[InsertFields],
    ) -> Record:
        """A record inserted and then claimed, as claim returned it; nothing else may be due on its queue."""
        inserted = self.insert(**fields)
        record = self.claim_due(queues=(inserted.queue,), now=now, lease=lease, worker=worker)
        assert record.id == inserted.id, f"claimed record {record.id}; only record {inserted.id} was due"
        return record

    def records(self) -> dict[int, Record]:
        """All records by id, read once list may no longer be behind."""
        self._settle()
        return {record.id: record for record in self.backend.list(ListOptions(limit=None))}

    def stats(self) -> Stats:
        """The counts, read once stats may no longer be behind."""
        self._settle()
        return self.backend.stats()

    def _settle(self) -> None:
        if self.traits.staleness:
            time.sleep(self.traits.staleness.total_seconds())
