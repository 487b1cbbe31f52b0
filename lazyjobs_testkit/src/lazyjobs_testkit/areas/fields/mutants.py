"""Backends that tell wrongly who holds a record, from whom it was taken, what was abandoned and what does not count."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from lazyjobs import ClaimParams, DiscardParams, ExtendParams, FinishParams, InsertParams, Record, RetryParams, State
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant


class TakenFromSomebody(CorrectBackend):
    """A new record says that it was taken from a worker without a name."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        return replace(super().new_record(id, params, now), taken_from="")


class OldClaims(CorrectBackend):
    """Nothing is known of workers: it was written before there were any."""

    def claimer(self, record: Record, params: ClaimParams) -> str:  # noqa: ARG002
        return ""


class KeepsTheLastName(CorrectBackend):
    """A claim without a worker leaves the name of the one before."""

    def claimer(self, record: Record, params: ClaimParams) -> str:
        return params.worker or record.claimed_by


class SixtyFourCharacters(CorrectBackend):
    """Of a worker's name only the first 64 characters are stored."""

    def claimer(self, record: Record, params: ClaimParams) -> str:
        return super().claimer(record, params)[:64]


class LowerCaseWorkers(CorrectBackend):
    """Workers' names are stored in lower case."""

    def claimer(self, record: Record, params: ClaimParams) -> str:
        return super().claimer(record, params).lower()


class NeverAbandoned(CorrectBackend):
    """Abandoned claims are not counted: it was written before they were."""

    def abandoned(self, record: Record) -> int:
        return record.abandoned


class AbandonedIsAFlag(CorrectBackend):
    """Abandoned is 1 at the most."""

    def abandoned(self, record: Record) -> int:
        return min(super().abandoned(record), 1)


class EveryFurtherClaimAbandons(CorrectBackend):
    """A claim of a retried record counts the one before as abandoned."""

    def abandoned(self, record: Record) -> int:
        return record.abandoned + bool(record.attempt)


class LateFinishAbandons(CorrectBackend):
    """A finish that comes after the lease's end counts as an abandoned claim."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        late = record.lease_expires_at is not None and record.lease_expires_at <= self.now()
        return replace(super().outcome(record, params), abandoned=record.abandoned + late)


class TakenFromNobody(CorrectBackend):
    """Claims do not say from whom they took a record: it was written before they did."""

    def loser(self, record: Record, params: ClaimParams) -> str | None:  # noqa: ARG002
        return None


class TakenFromItself(CorrectBackend):
    """A superseding claim says that it took the record from its own worker."""

    def loser(self, record: Record, params: ClaimParams) -> str | None:
        return params.worker if record.state is State.RUNNING else None


class NamelessIsNobody(CorrectBackend):
    """A claim that supersedes one without a name says that it superseded none."""

    def loser(self, record: Record, params: ClaimParams) -> str | None:
        return super().loser(record, params) or None


class RemembersTheLoser(CorrectBackend):
    """A claim that supersedes none leaves what the one before said of whom it took the record from."""

    def loser(self, record: Record, params: ClaimParams) -> str | None:
        return super().loser(record, params) if record.state is State.RUNNING else record.taken_from


class FinishForgetsTheHolder(CorrectBackend):
    """A finish clears claimed_by together with the lease."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        return replace(super().outcome(record, params), claimed_by="")


class DiscardForgetsTheLoser(CorrectBackend):
    """A discard clears taken_from."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        return replace(outcome, taken_from=None) if isinstance(params, DiscardParams) else outcome


class NeverSpares(CorrectBackend):
    """Attempts are not spared: it was written before they could be."""

    def spared(self, record: Record, params: FinishParams) -> int:  # noqa: ARG002
        return record.spared


class EveryRetrySpares(CorrectBackend):
    """Each retry raises spared."""

    def spared(self, record: Record, params: FinishParams) -> int:
        return record.spared + isinstance(params, RetryParams)


class MoreAttemptsInstead(CorrectBackend):
    """A spared retry raises max_attempts as well."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        more = isinstance(params, RetryParams) and params.spare
        return replace(super().outcome(record, params), max_attempts=record.max_attempts + more)


class SparesAgain(CorrectBackend):
    """A retry that is repeated raises spared again if the repetition says so."""

    def finish(self, params: FinishParams) -> None:
        record = self.table.get(params.id)
        if record is not None and self.is_settled(record, params):
            self.table.put(replace(record, spared=self.spared(record, params)))
        else:
            super().finish(params)


class SparedInAByte(CorrectBackend):
    """No more than 255 attempts can be spared."""

    def spared(self, record: Record, params: FinishParams) -> int:
        return min(super().spared(record, params), 255)


class AbandonedInAByte(CorrectBackend):
    """No more than 127 abandoned claims are counted."""

    def abandoned(self, record: Record) -> int:
        return min(super().abandoned(record), 127)


class SparesUpToMaxAttempts(CorrectBackend):
    """No more attempts are spared than the record may have."""

    def spared(self, record: Record, params: FinishParams) -> int:
        return min(super().spared(record, params), record.max_attempts)


class ClaimEndsSparing(CorrectBackend):
    """A superseding claim forgets what was spared."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        before = replace(record, spared=0) if record.state is State.RUNNING else record
        return super().run(before, params, now)


class CompleteEndsSparing(CorrectBackend):
    """A finish for good forgets what was spared."""

    def spared(self, record: Record, params: FinishParams) -> int:
        return super().spared(record, params) if isinstance(params, RetryParams) else 0


class SparesTheRefused(CorrectBackend):
    """A spared retry that is refused is counted all the same."""

    def finish(self, params: FinishParams) -> None:
        record = self.table.get(params.id)
        current = record is not None and (self.may_finish(record, params.attempt) or self.is_settled(record, params))
        if record is not None and not current:
            self.table.put(replace(record, spared=self.spared(record, params)))
        super().finish(params)


class ExtendForgetsTheLoser(CorrectBackend):
    """Extending a lease clears taken_from."""

    def extended(self, record: Record, params: ExtendParams) -> Record:
        return replace(super().extended(record, params), taken_from=None)


class NamelessBatch(CorrectBackend):
    """Who claims many is not told."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        return super().claim_many(replace(params, worker=""), limit)


class NamelessNext(CorrectBackend):
    """Who finishes and claims is not told."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        return super().finish_and_claim(finish, replace(params, worker=""))


class SparesNothingOnTheWay(CorrectBackend):
    """Finishing and claiming in one step spares nothing."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        plain = replace(finish, spare=False) if isinstance(finish, RetryParams) else finish
        return super().finish_and_claim(plain, params)


MUTANTS = (
    Mutant(TakenFromSomebody.Harness, "FLD-01", r"after insert, taken_from of record 1 is '', not None"),
    Mutant(OldClaims.Harness, "FLD-02", r"after a claim with worker='one', claimed_by of record 1 is '', not 'one'"),
    Mutant(KeepsTheLastName.Harness, "FLD-02", r"after a claim with worker='', claimed_by of record 1 is 'one'"),
    Mutant(SixtyFourCharacters.Harness, "FLD-03", r"claimed_by of record 4 is 'w{64}', not 'w{70}"),
    Mutant(LowerCaseWorkers.Harness, "FLD-03", r"claimed_by of record 2 is 'worker', not 'Worker'"),
    Mutant(NeverAbandoned.Harness, "FLD-04", r"after 1 superseding claims, abandoned of record 1 is 0, not 1"),
    Mutant(AbandonedIsAFlag.Harness, "FLD-04", r"after 2 superseding claims, abandoned of record 1 is 1, not 2"),
    Mutant(
        EveryFurtherClaimAbandons.Harness, "FLD-05", r"after claim 2, of a retried record, abandoned of record 1 is 1"
    ),
    Mutant(LateFinishAbandons.Harness, "FLD-05", r"after \w+ when the lease had ended, abandoned of record 1 is 2"),
    Mutant(TakenFromNobody.Harness, "FLD-06", r"was superseded, taken_from of record 1 is None, not ''"),
    Mutant(TakenFromItself.Harness, "FLD-16", r"after 'two' superseded 'one', taken_from of record 1 is 'two'"),
    Mutant(NamelessIsNobody.Harness, "FLD-06", r"was superseded, taken_from of record 1 is None, not ''"),
    Mutant(RemembersTheLoser.Harness, "FLD-07", r"a superseding claim, a retry and a claim, taken_from of .* is 'one'"),
    Mutant(FinishForgetsTheHolder.Harness, "FLD-08", r"after \w+, claimed_by of record 1 is '', not 'two'"),
    Mutant(DiscardForgetsTheLoser.Harness, "FLD-08", r"after discard, taken_from of record 1 is None, not 'one'"),
    Mutant(NeverSpares.Harness, "FLD-09", r"after a retry with spare=True, spared of record 1 is 0, not 1"),
    Mutant(EveryRetrySpares.Harness, "FLD-09", r"after a retry with spare=False, spared of record 1 is 1, not 0"),
    Mutant(MoreAttemptsInstead.Harness, "FLD-09", r"max_attempts of record 1 is 4, not 3"),
    Mutant(SparesAgain.Harness, "FLD-10", r"repeated with and without, spared of record 1 is 3, not 1"),
    Mutant(SparedInAByte.Harness, "FLD-11", r"after 300 spared retries, spared of record 1 is 255, not 300"),
    Mutant(AbandonedInAByte.Harness, "FLD-11", r"after 300 superseding claims, abandoned of record 1 is 127"),
    Mutant(SparesUpToMaxAttempts.Harness, "FLD-11", r"after 300 spared retries, spared of record 1 is 1, not 300"),
    Mutant(ClaimEndsSparing.Harness, "FLD-12", r"a superseding claim of a spared record, spared of record 1 is 0"),
    Mutant(CompleteEndsSparing.Harness, "FLD-12", r"after \w+ of a spared record, spared of record 1 is 0, not 1"),
    Mutant(SparesTheRefused.Harness, "FEN-08", r"a finish that was refused changed record 1: spared was 0 and is 1"),
    Mutant(ExtendForgetsTheLoser.Harness, "FLD-13", r"extend changed record 1: taken_from was 'one' and is None"),
    Mutant(NamelessBatch.Harness, "FLD-14", r"after claim_many, claimed_by of record 1 is '', not 'many'"),
    Mutant(NamelessNext.Harness, "FLD-15", r"after finish_and_claim, claimed_by of record 1 is '', not 'next'"),
    Mutant(SparesNothingOnTheWay.Harness, "FLD-15", r"a spared retry, repeated, spared of record 1 is 0, not 1"),
)
