"""What extend promises, where it is offered."""

from functools import partial

from lazyjobs import SupportsExtend
from lazyjobs_testkit.rules._rule import Level, Rule

_ENDS = "Makes the current claim's lease end at `now + params.lease`, be that later or earlier than before."
_LOST = "Otherwise raises `ClaimLostError` and changes nothing."
_NEEDS = ("INS-01", "CLM-01")
_extend_rule = partial(Rule, level=Level.CAPABILITY, capability=SupportsExtend)

RULES = (
    _extend_rule(
        id="EXT-01",
        title="an extended lease ends at now + lease",
        text=_ENDS,
        cause="the length is added to the old end instead of to now",
        needs=(*_NEEDS, "CLM-09", "INS-04", "INS-06", "LST-09"),
    ),
    _extend_rule(
        id="EXT-02",
        title="extend may also bring the end of a lease nearer",
        text=_ENDS,
        cause="max(old end, new end), meant well",
        needs=(*_NEEDS, "EXT-01", "LST-09"),
    ),
    _extend_rule(
        id="EXT-03",
        title="without a now the extended lease is counted from the backend's clock",
        text="None is the backend's clock; meant for tests.",
        cause="the length is counted from the time of the claim",
        needs=(*_NEEDS, "INS-06", "CLM-10", "LSE-02", "EXT-01"),
    ),
    _extend_rule(
        id="EXT-04",
        title="a lease that ended while nobody claimed the record again can be extended",
        text="Atomic, and only for the current claim: running, and the same attempt, also when the lease has ended but "
        "nobody claimed the record again.",
        cause="`and lease_expires_at > now` in the update: one late heartbeat loses the job",
        needs=(*_NEEDS, "EXT-01", "LSE-02"),
    ),
    _extend_rule(
        id="EXT-05",
        title="extending changes nothing but the lease, updated_at included",
        text="Nothing else changes, `updated_at` included.",
        cause="the update that all transitions share moves updated_at too",
        needs=(*_NEEDS, "EXT-01", "CLM-02", "INS-10"),
    ),
    _extend_rule(
        id="EXT-06",
        title="an extended record is not claimed again before its new end, and is at it",
        text="Due is a record … whose due time (`run_at` while pending or retrying, `lease_expires_at` while running) "
        "is not after now",
        cause="the index of what is due keeps the old end",
        needs=(*_NEEDS, "CLM-09", "LSE-03", "EXT-01", "EXT-02"),
    ),
    _extend_rule(
        id="EXT-07",
        title="a superseded claim cannot be extended",
        text=_LOST,
        cause="extend asks for the id and the state, not for the attempt",
        needs=(*_NEEDS, "LSE-03", "EXT-01", "LSE-02", "CLM-03"),
    ),
    _extend_rule(
        id="EXT-08",
        title="what is not running, or unknown, cannot be extended",
        text=_LOST,
        cause="an upsert, or an extend that brings a finished record back to running",
        needs=(*_NEEDS, "TRN-01", "TRN-02", "TRN-03", "EXT-01"),
    ),
    _extend_rule(
        id="EXT-09",
        title="an attempt that was never claimed cannot be extended",
        text=_LOST,
        cause="`attempt <= given` instead of `attempt = given`",
        needs=(*_NEEDS, "EXT-01"),
    ),
    _extend_rule(
        id="EXT-10",
        title="a refused extend changes nothing at all",
        text=_LOST,
        cause="the update is made first and the attempt compared afterwards, or an unknown id becomes a record",
        needs=(*_NEEDS, "LSE-03", "TRN-01", "EXT-07", "EXT-08", "EXT-09", "LSE-02"),
    ),
)
