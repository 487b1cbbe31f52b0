"""What a record tells of its claims: who holds it, from whom it was taken, what was abandoned, what does not count."""

from lazyjobs import SupportsClaimMany, SupportsExtend, SupportsFinishAndClaim
from lazyjobs_testkit.rules._rule import Level, Rule

_NEW = '`abandoned` and `spared` are 0, `claimed_by` is "" and `taken_from` None'
_WORKER = 'The `worker` of the last claim, be it ""; kept until the next. "" before the first.'
_ABANDONED = (
    "How many of its claims were superseded: raised by one by a claim that takes a running record, by nothing else, "
    "and never lowered."
)
_TAKEN = (
    "A claim that takes a running record supersedes the one before: `abandoned` goes up by one and `taken_from` "
    "becomes the `claimed_by` that was; else `taken_from` becomes None."
)
_SPARED = (
    "How many of its attempts do not count: raised by one by each retry with `spare`, by nothing else, and never "
    "lowered."
)
_COLUMN = "a record is written without the new columns: it was taken from an older statement, which forgets them"
_CLAIMED = ("INS-01", "CLM-01", "CLM-02")
_AGAIN = (*_CLAIMED, "CLM-09", "LSE-01", "LSE-03", "LSE-05", "LSE-07", "LSE-09")
_RETRIED = ("TRN-02", "TRN-16", "INS-06")

RULES = (
    Rule(
        id="FLD-01",
        title="a new record was claimed by nobody, taken from nobody, and has nothing abandoned or spared",
        text=_NEW,
        level=Level.CORE,
        cause="a column's default: NULL for claimed_by, '' for taken_from",
        needs=("INS-01",),
    ),
    Rule(
        id="FLD-02",
        title="a claim sets claimed_by to its worker, be it empty",
        text=_WORKER,
        level=Level.CORE,
        cause="params.worker is not stored (a backend written before there was one), or an empty one is not written",
        needs=(*_CLAIMED, *_RETRIED),
    ),
    Rule(
        id="FLD-03",
        title="a worker's name is kept as it was given, whatever is permitted",
        text="Who claims: 0 to 100 characters of `A-Z a-z 0-9 . _ : / -`; kept as the record's `claimed_by`.",
        level=Level.CORE,
        cause="a column that is too short, or compares without case",
        needs=(*_CLAIMED, "FLD-02", "CLM-11"),
    ),
    Rule(
        id="FLD-04",
        title="each claim that takes a running record raises abandoned by one",
        text=_ABANDONED,
        level=Level.CORE,
        cause="abandoned is not stored (a backend written before there was one), or is a flag instead of a count",
        needs=_AGAIN,
    ),
    Rule(
        id="FLD-05",
        title="nothing but superseding a claim changes abandoned",
        text=_ABANDONED,
        level=Level.CORE,
        cause="it is derived from the attempt, or from the lease's end instead of the claim that comes after it",
        needs=(*_AGAIN, *_RETRIED, "FLD-04", "TRN-01", "TRN-03", "TRN-13"),
    ),
    Rule(
        id="FLD-06",
        title="a claim that supersedes another says so in taken_from, be the other without a name",
        text=_TAKEN,
        level=Level.CORE,
        cause="taken_from is not stored (a backend written before there was one), or an empty name becomes None",
        needs=_AGAIN,
    ),
    Rule(
        id="FLD-07",
        title="a claim that supersedes none sets taken_from to None",
        text=_TAKEN,
        level=Level.CORE,
        cause="taken_from is only written where there is something to write",
        needs=(*_AGAIN, *_RETRIED, "FLD-16"),
    ),
    Rule(
        id="FLD-08",
        title="finishing leaves claimed_by, taken_from and abandoned as they are",
        text='The `claimed_by` of the claim that the last one superseded, which may be ""; None if it superseded none. '
        "Set by each claim, kept until the next.",
        level=Level.CORE,
        cause="the fields are cleared together with the lease",
        needs=(*_AGAIN, "FLD-04", "FLD-05", "FLD-16", "TRN-01", "TRN-02", "TRN-03", "INS-06"),
    ),
    Rule(
        id="FLD-09",
        title="a retry with spare raises spared by one and no other retry does; max_attempts stays",
        text=_SPARED,
        level=Level.CORE,
        cause="spared is not stored (a backend written before there was one), or max_attempts is raised instead",
        needs=(*_CLAIMED, *_RETRIED),
    ),
    Rule(
        id="FLD-10",
        title="repeating a retry does not raise spared, whatever the repetition says",
        text="With `params.spare` it raises `spared` by one; its repetition does not.",
        level=Level.CORE,
        cause="spared is counted before it is looked whether the record is retrying at that attempt already",
        needs=(*_CLAIMED, *_RETRIED, "FLD-09", "TRN-14", "TRN-15"),
    ),
    Rule(
        id="FLD-11",
        title="hundreds of attempts can be spared and abandoned",
        text=f"{_SPARED} … {_ABANDONED}",
        level=Level.CORE,
        cause="a column of one byte, or counting stops at max_attempts",
        needs=(*_AGAIN, *_RETRIED, "FLD-04", "FLD-09", "CLM-17"),
    ),
    Rule(
        id="FLD-12",
        title="claiming, completing and discarding leave spared as it is",
        text=_SPARED,
        level=Level.CORE,
        cause="a transition builds the record anew and forgets the count",
        needs=(*_AGAIN, *_RETRIED, "FLD-09", "TRN-01", "TRN-03"),
    ),
    Rule(
        id="FLD-13",
        title="extending a lease leaves what the record tells of its claims as it is",
        text="Nothing else changes, `updated_at` included.",
        level=Level.CAPABILITY,
        cause=_COLUMN,
        capability=SupportsExtend,
        needs=("FLD-02", "FLD-04", "FLD-16", "FLD-09", "FLD-12", "EXT-01", "EXT-05"),
    ),
    Rule(
        id="FLD-14",
        title="claim_many tells who claimed each record and from whom, as claim does",
        text="At most `limit` (at least 1) records, as if by calling `Backend.claim` until it answers None; perhaps "
        "fewer.",
        level=Level.CAPABILITY,
        cause="a statement of its own, which forgets the worker",
        capability=SupportsClaimMany,
        needs=("FLD-02", "FLD-04", "FLD-16", "FLD-07", "BLK-06"),
    ),
    Rule(
        id="FLD-15",
        title="finish_and_claim spares as retry does, and tells who claimed and from whom as claim does",
        text="Does `complete`, `retry` or `discard`, by the type of `finish`, then `claim`, in one commit.",
        level=Level.CAPABILITY,
        cause="a statement of its own, which forgets spare or the worker",
        capability=SupportsFinishAndClaim,
        needs=("FLD-02", "FLD-04", "FLD-16", "FLD-07", "FLD-09", "FLD-10", "BLK-12", "BLK-13"),
    ),
    Rule(
        id="FLD-16",
        title="taken_from is the name of the worker that the claim took the record from",
        text=_TAKEN,
        level=Level.CORE,
        cause="it is read after claimed_by was overwritten, so that a worker took the record from itself",
        needs=(*_AGAIN, "FLD-02", "FLD-06"),
    ),
)

CORE_IDS = tuple(rule.id for rule in RULES if rule.level is Level.CORE)
"""What a rule rests on whose records are compared with the model, in all their fields."""
