"""Steps of a random sequence: calls that name records and times by what came before, so that they can be replayed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    PruneParams,
    RetryParams,
    State,
)
from lazyjobs_testkit import model as m

UNKNOWN_ID = 2**62 - 1
_DAY = timedelta(days=1)


class Scene(Struct, frozen=True):
    """What a step can refer to: the records inserted so far, and the time that all others are counted from."""

    model: m.Model
    ids: Sequence[int]
    """In the order in which they were inserted."""
    origin: datetime

    def time(self, seconds: float | None) -> datetime | None:
        return None if seconds is None else self.origin + timedelta(seconds=seconds)

    def token(self, place: int, shift: int) -> tuple[int, int]:
        """The id of the record inserted in that place, and an attempt so far from its present one; at least 1."""
        if place >= len(self.ids):
            return UNKNOWN_ID, max(1, shift)
        entry = self.model.entries.get(self.ids[place])
        return self.ids[place], max(1, shift + (entry.attempt if entry is not None else 1))


class Step(Struct, frozen=True):
    """One call to be made; each field's default is its simplest value."""

    handle: int = 0
    """On which of the handles."""

    def request(self, scene: Scene) -> m.Request:
        """The call itself, as things stand."""
        raise NotImplementedError

    def forget(self, record: int) -> Self:
        """The step that refers to the same records when the one inserted in that place never is."""
        place: object = getattr(self, "place", None)
        return replace(self, place=place - 1) if isinstance(place, int) and place > record else self


class InsertStep(Step, frozen=True):
    queue: str = "a"
    run_at: float | None = 0.0
    payload: bytes = b"{}"
    kind: str = "k"
    max_attempts: int = 25

    def params(self, scene: Scene) -> InsertParams:
        return InsertParams(
            kind=self.kind,
            queue=self.queue,
            payload=self.payload,
            max_attempts=self.max_attempts,
            run_at=scene.time(self.run_at),
        )

    def request(self, scene: Scene) -> m.Request:
        return m.Insert(self.params(scene))


class InsertManyStep(Step, frozen=True):
    inserts: tuple[InsertStep, ...] = ()

    def request(self, scene: Scene) -> m.Request:
        return m.InsertMany(tuple(insert.params(scene) for insert in self.inserts))


class ClaimStep(Step, frozen=True):
    queues: tuple[str, ...] = ("a",)
    now: float | None = 0.0
    lease: float = 60.0
    worker: str = ""

    def params(self, scene: Scene) -> ClaimParams:
        lease = timedelta(seconds=self.lease)
        return ClaimParams(queues=self.queues, now=scene.time(self.now), lease=lease, worker=self.worker)

    def request(self, scene: Scene) -> m.Request:
        return m.Claim(self.params(scene))


class ClaimManyStep(Step, frozen=True):
    claim: ClaimStep = ClaimStep()
    limit: int = 1

    def request(self, scene: Scene) -> m.Request:
        return m.ClaimMany(self.claim.params(scene), self.limit)


class FinishStep(Step, frozen=True):
    verb: str = "complete"
    place: int = 0
    shift: int = 0
    run_at: float | None = 0.0
    last_error: str = ""
    spare: bool = False

    def request(self, scene: Scene) -> m.Finish:
        id, attempt = scene.token(self.place, self.shift)
        match self.verb:
            case "retry":
                run_at, error = scene.time(self.run_at), self.last_error
                return m.Retry(RetryParams(id=id, attempt=attempt, run_at=run_at, last_error=error, spare=self.spare))
            case "discard":
                return m.Discard(DiscardParams(id=id, attempt=attempt, last_error=self.last_error))
        return m.Complete(CompleteParams(id=id, attempt=attempt))


class FinishAndClaimStep(Step, frozen=True):
    finish: FinishStep = FinishStep()
    claim: ClaimStep = ClaimStep()

    def forget(self, record: int) -> Self:
        return replace(self, finish=self.finish.forget(record))

    def request(self, scene: Scene) -> m.Request:
        return m.FinishAndClaim(self.finish.request(scene), self.claim.params(scene))


class ExtendStep(Step, frozen=True):
    place: int = 0
    shift: int = 0
    now: float | None = 0.0
    lease: float = 60.0

    def request(self, scene: Scene) -> m.Request:
        id, attempt = scene.token(self.place, self.shift)
        lease = timedelta(seconds=self.lease)
        return m.Extend(ExtendParams(id=id, attempt=attempt, now=scene.time(self.now), lease=lease))


class ListStep(Step, frozen=True):
    limit: int | None = None
    states: tuple[State, ...] = ()
    kinds: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    payloads: bool = True
    place: int | None = None
    """Lists what is before the record inserted in that place, as it was when last seen; None is everything."""

    def request(self, scene: Scene) -> m.Request:
        return m.ListRecords(
            ListOptions(
                limit=self.limit,
                states=frozenset(self.states) or None,
                kinds=frozenset(self.kinds) or None,
                queues=frozenset(self.queues) or None,
                payloads=self.payloads,
                before=self._before(scene),
            )
        )

    def _before(self, scene: Scene) -> tuple[datetime, int] | None:
        if self.place is None or self.place >= len(scene.ids):
            return None
        entry = scene.model.entries.get(scene.ids[self.place])
        return None if entry is None else (entry.updated_at.latest, entry.id)


class StatsStep(Step, frozen=True):
    def request(self, scene: Scene) -> m.Request:  # noqa: ARG002 (it refers to nothing)
        return m.CountRecords()


class PruneStep(Step, frozen=True):
    place: int | None = None
    """Prunes what is older than the record inserted in that place was when last updated; None is everything."""
    limit: int = 1000

    latest: ClassVar[timedelta] = _DAY

    def request(self, scene: Scene) -> m.Request:
        before = scene.origin + self.latest
        if self.place is not None and self.place < len(scene.ids):
            entry = scene.model.entries.get(scene.ids[self.place])
            before = entry.updated_at.earliest if entry is not None else before
        return m.Prune(PruneParams(finished_before=before, limit=self.limit))


class ReopenStep(Step, frozen=True):
    """Closes the handle and opens another in its stead: no call, so nothing may change."""

    def request(self, scene: Scene) -> m.Request:  # noqa: ARG002 (it refers to nothing)
        return m.CountRecords()
