"""How long a claim is exclusive, and what comes after."""

from lazyjobs_testkit.rules._rule import Level, Rule

_ENDS = "Its `attempt` goes up by one, its lease ends at `now + params.lease`"
_AGAIN = (
    "A *lease* is until when the claim is exclusive: a running record whose lease has ended is due again, which is "
    "how a crashed worker's record comes back."
)
_NEEDS = ("INS-01", "CLM-01")

RULES = (
    Rule(
        id="LSE-01",
        title="the lease ends at the given now plus the given length",
        text=_ENDS,
        level=Level.CORE,
        cause="the end is computed from the backend's clock, or the length from a setting of the backend",
        needs=(*_NEEDS, "CLM-09", "INS-04"),
    ),
    Rule(
        id="LSE-02",
        title="without a now the lease is counted from the backend's clock",
        text="`params.now` if given, else the backend's clock … its lease ends at `now + params.lease`",
        level=Level.CORE,
        cause="the lease is counted from run_at, or its length is ignored",
        needs=(*_NEEDS, "CLM-10"),
    ),
    Rule(
        id="LSE-03",
        title="a running record whose lease has ended is claimed again",
        text=_AGAIN,
        level=Level.CORE,
        cause="only pending and retrying records are looked at: what a crashed worker held is lost for ever",
        needs=(*_NEEDS, "LSE-02"),
    ),
    Rule(
        id="LSE-04",
        title="a lease holds until its end, however long it is",
        text="a record is handed to one caller only, among all threads, processes and machines, until its lease has "
        "ended",
        level=Level.CORE,
        cause="a fixed visibility timeout, a reaper that takes every claim of a certain age by its own clock, "
        "or an end that is rounded or compared with the backend's clock instead of `params.now`",
        needs=(*_NEEDS, "CLM-09", "CLM-18", "LSE-01", "INS-04"),
    ),
    Rule(
        id="LSE-05",
        title="at its end exactly a lease has ended",
        text="Due is a record … whose due time (`run_at` while pending or retrying, `lease_expires_at` while running) "
        "is not after now",
        level=Level.CORE,
        cause="`lease_expires_at < now` instead of `<=`",
        needs=(*_NEEDS, "CLM-09", "LSE-01", "LSE-03", "INS-04"),
    ),
    Rule(
        id="LSE-06",
        title="leases from a microsecond to 366 days end when they say",
        text="How long the claim is exclusive; more than 0, at most 366 days.",
        level=Level.CORE,
        cause="whole seconds (a lease of 0), a maximum of 12 hours, 32-bit milliseconds, a float's rounding",
        needs=(*_NEEDS, "LSE-01", "CLM-09", "INS-04"),
    ),
    Rule(
        id="LSE-07",
        title="claiming an ended lease again starts a new one, which alone counts",
        text="a running record whose lease has ended is due again … its lease ends at `now + params.lease`",
        level=Level.CORE,
        cause="the new lease is added to the old end, or the old end stays in the index of what is due",
        needs=(*_NEEDS, "CLM-09", "LSE-01", "LSE-03", "INS-04"),
    ),
    Rule(
        id="LSE-08",
        title="each record's lease ends for itself",
        text=_AGAIN,
        level=Level.CORE,
        cause="one lease a worker, instance or queue, renewed or ended by whichever claim came last",
        needs=(*_NEEDS, "CLM-09", "LSE-01", "LSE-03", "INS-04", "LSE-07"),
    ),
    Rule(
        id="LSE-09",
        title="an ended lease changes nothing until the record is claimed again",
        text="`running → running` when a claim whose lease has ended is superseded by a new one.",
        level=Level.CORE,
        cause="a reaper moves what has ended back to pending, which loses who held it",
        needs=(*_NEEDS, "LST-09", "LSE-02", "CLM-02"),
    ),
)
