"""What holds for any sequence of calls, as far as the examples do not show it already."""

from lazyjobs import SupportsClaimMany, SupportsExtend, SupportsFinishAndClaim, SupportsInsertMany, SupportsPrune
from lazyjobs_testkit.rules import (
    aliasing,
    bulk,
    claim,
    errors,
    extend,
    fencing,
    fields,
    finish,
    insert,
    lease,
    listing,
    payload,
    prune,
    stats,
    time,
)
from lazyjobs_testkit.rules._rule import Level, Rule

_AREAS = (insert, payload, time, claim, finish, fencing, lease, fields, listing, stats, aliasing, errors)
_CAUSE = (
    "what an earlier call left behind: an index, a cache, a counter or a column that one of the transitions forgets"
)

# What an example has found need not be found again by a sequence: it would only be told less plainly.
_EXAMPLES = tuple(rule.id for area in _AREAS for rule in area.RULES if rule.level is Level.CORE)
_EXTEND = tuple(rule.id for rule in extend.RULES)
_BULK = tuple(rule.id for rule in bulk.RULES)
_PRUNE = tuple(rule.id for rule in prune.RULES)

RULES = (
    Rule(
        id="STF-01",
        title="any sequence of the seven methods is answered as the contract's model says",
        text="`pending → running → succeeded`, `running → retrying → running`, `running → discarded`, and `running → "
        "running` when a claim whose lease has ended is superseded by a new one. Succeeded and discarded are final.",
        level=Level.CORE,
        cause=_CAUSE,
        needs=_EXAMPLES,
    ),
    Rule(
        id="STF-02",
        title="two handles on one namespace, used in turn, answer as one",
        text="Atomic: a record is handed to one caller only, among all threads, processes and machines, until its "
        "lease has ended.",
        level=Level.CONCURRENT,
        cause="a handle answers from what it remembers, or has counted, instead of from the store",
        needs=("STF-01",),
    ),
    Rule(
        id="STF-03",
        title="closing and opening again, at any point of any sequence, changes no later answer",
        text="What was acknowledged survives SIGKILL and reopening; what was not is there whole or not at all.",
        level=Level.CRASH_SAFE,
        cause="state that is held in memory only: the last id, the order of what is due, leases",
        needs=("STF-01", "DUR-01"),
        trait="durable",
    ),
    Rule(
        id="STF-04",
        title="any sequence with extensions among the seven methods is answered as the contract's model says",
        text="Makes the current claim's lease end at `now + params.lease`, be that later or earlier than before.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        needs=("STF-01", "FLD-13", *_EXTEND),
        capability=SupportsExtend,
    ),
    Rule(
        id="STF-05",
        title="any sequence with bulk inserts among the seven methods is answered as the contract's model says",
        text="Inserts each as `Backend.insert` would, in order, and returns the records in that order.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        needs=("STF-01", *_BULK),
        capability=SupportsInsertMany,
    ),
    Rule(
        id="STF-06",
        title="any sequence with bulk claims among the seven methods is answered as the contract's model says",
        text="At most `limit` (at least 1) records, as if by calling `Backend.claim` until it answers None; perhaps "
        "fewer.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        needs=("STF-01", "FLD-14", *_BULK),
        capability=SupportsClaimMany,
    ),
    Rule(
        id="STF-07",
        title="any sequence with finish_and_claim among the seven methods is answered as the contract's model says",
        text="Does `complete`, `retry` or `discard`, by the type of `finish`, then `claim`, in one commit.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        needs=("STF-01", "FLD-15", *_BULK),
        capability=SupportsFinishAndClaim,
    ),
    Rule(
        id="STF-08",
        title="any sequence with prunes among the seven methods is answered as the contract's model says",
        text="Deletes succeeded and discarded records not updated since `params.finished_before`, and nothing else.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        needs=("STF-01", *_PRUNE, "INS-12"),
        capability=SupportsPrune,
    ),
)
