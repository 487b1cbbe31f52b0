"""Which record a claim takes, and what it makes of it."""

from lazyjobs_testkit.rules._rule import Level, Rule

_ORDER = "Of all of them, over all those queues together, the one with the smallest `(due time, id)` is taken."
_DUE = (
    "Due is a record on one of `params.queues` whose due time (`run_at` while pending or retrying, `lease_expires_at` "
    "while running) is not after now: `params.now` if given, else the backend's clock."
)
_CHANGES = (
    "Its `attempt` goes up by one, its lease ends at `now + params.lease`, `updated_at` moves on … Nothing else "
    "changes: `max_attempts` is not looked at, since giving up is the runner's decision."
)
_NEEDS = ("INS-01", "CLM-01")

RULES = (
    Rule(
        id="CLM-01",
        title="a due record is claimed and returned as running",
        text="Moves one due record to running and returns it as it then is",
        level=Level.CORE,
        cause="due times compared as texts of different spelling, or in different zones",
        needs=("INS-01",),
    ),
    Rule(
        id="CLM-02",
        title="what claim returns is what list shows",
        text="Moves one due record to running and returns it as it then is",
        level=Level.CORE,
        cause="the record is read before the update, or the claim stands in a side table that list does not read",
        needs=(*_NEEDS, "INS-10"),
    ),
    Rule(
        id="CLM-03",
        title="each claim raises the attempt by exactly one",
        text="How often it was claimed: 0 at first, raised by one by each claim, never lowered.",
        level=Level.CORE,
        cause="the attempt is counted at retry instead, or counted again when an ended lease is claimed",
        needs=(*_NEEDS, "TRN-02", "LSE-03", "TRN-16", "LSE-02", "INS-02"),
    ),
    Rule(
        id="CLM-04",
        title="due records come in (due time, id) order",
        text=_ORDER,
        level=Level.CORE,
        cause="ordering by id alone, by created_at, or by no order at all",
        needs=_NEEDS,
    ),
    Rule(
        id="CLM-05",
        title="of records due at the same time the lowest id comes first",
        text=_ORDER,
        level=Level.CORE,
        cause="ORDER BY run_at without the id, or ids that are ordered as texts (10 before 9)",
        needs=(*_NEEDS, "CLM-04", "CLM-20"),
    ),
    Rule(
        id="CLM-06",
        title="the order holds over all the queues of a claim together",
        text="over all those queues together, the one with the smallest `(due time, id)` is taken. … their order means "
        "nothing",
        level=Level.CORE,
        cause="the queues are asked one after the other, or in turn, and the first that has something wins",
        needs=(*_NEEDS, "CLM-04", "CLM-11"),
    ),
    Rule(
        id="CLM-07",
        title="retrying records and ended leases take their place in the order by their own due times",
        text=_DUE,
        level=Level.CORE,
        cause="ended leases are collected before or after everything else, or ordered by their old run_at",
        needs=(
            *_NEEDS,
            "CLM-04",
            "TRN-02",
            "TRN-08",
            "LSE-03",
            "CLM-05",
            "CLM-10",
            "TRN-16",
            "LSE-02",
            "TIM-02",
            "INS-04",
            "CLM-09",
            "LSE-01",
            "LSE-08",
        ),
    ),
    Rule(
        id="CLM-08",
        title="a record is due at its due time exactly",
        text="is not after now",
        level=Level.CORE,
        cause="`run_at < now` instead of `run_at <= now`",
        needs=(*_NEEDS, "CLM-09", "INS-04"),
    ),
    Rule(
        id="CLM-09",
        title="a given now decides what is due, be it past or future",
        text="Decides what is due and where the lease ends, and nothing else; None is the backend's clock.",
        level=Level.CORE,
        cause="the query uses the database's own now(), or both must have passed",
        needs=(*_NEEDS, "INS-04"),
    ),
    Rule(
        id="CLM-10",
        title="without a now the backend's clock decides what is due",
        text=_DUE,
        level=Level.CORE,
        cause="run_at is not looked at, or the local time is taken for UTC, so that hours are wrong",
        needs=(*_NEEDS, "CLM-18"),
    ),
    Rule(
        id="CLM-11",
        title="only a record on one of the given queues is claimed",
        text=_DUE,
        level=Level.CORE,
        cause="only the first of the queues is asked, or none of them",
        needs=(*_NEEDS, "CLM-18", "CLM-20"),
    ),
    Rule(
        id="CLM-12",
        title="queue names are told apart by every character and case",
        text="1 to 100 characters of `A-Z a-z 0-9 . _ : / -`.",
        level=Level.CORE,
        cause="a collation without case, LIKE or a glob where _ matches anything, a key prefix without an end mark, "
        "characters replaced by others in a file or topic name",
        needs=(*_NEEDS, "CLM-11", "CLM-20"),
    ),
    Rule(
        id="CLM-13",
        title="a claim may name many queues",
        text="At least one; their order means nothing, and a name given twice counts once.",
        level=Level.CORE,
        cause="one placeholder a queue, up to the driver's limit, or only the first ten are asked",
        needs=(*_NEEDS, "CLM-11"),
    ),
    Rule(
        id="CLM-14",
        title="a claim with nothing due answers None and changes nothing",
        text="None if nothing is due, changing nothing.",
        level=Level.CORE,
        cause="an unknown queue raises, or records are touched while they are looked at",
        needs=(*_NEEDS, "CLM-02", "CLM-10", "CLM-18", "INS-09"),
    ),
    Rule(
        id="CLM-15",
        title="claiming changes nothing but state, attempt, lease, updated_at and what is told of the claim",
        text=_CHANGES,
        level=Level.CORE,
        cause="run_at is moved to the lease's end to hide the record, or last_error is cleared for the new attempt",
        needs=(
            *_NEEDS,
            "TRN-02",
            "TRN-06",
            "TRN-08",
            "LSE-03",
            "INS-09",
            "TIM-05",
            "TRN-16",
            "LSE-02",
            "LST-10",
            "CLM-09",
            "LSE-01",
            "INS-10",
        ),
    ),
    Rule(
        id="CLM-16",
        title="claiming one record leaves every other as it was",
        text="Moves one due record to running",
        level=Level.CORE,
        cause="an UPDATE without the id, or a batch that is marked running ahead of being handed out",
        needs=(*_NEEDS, "INS-09"),
    ),
    Rule(
        id="CLM-17",
        title="max_attempts is not looked at: a record is claimed with attempt above it",
        text=_CHANGES,
        level=Level.CORE,
        cause="the backend discards or hides what is exhausted, so that nobody ever learns of it",
        needs=(*_NEEDS, "LSE-03", "LSE-02", "CLM-03"),
    ),
    Rule(
        id="CLM-18",
        title="a claimed record is handed to nobody else while its lease runs",
        text="Atomic: a record is handed to one caller only, among all threads, processes and machines, until its "
        "lease has ended.",
        level=Level.CORE,
        cause="only the time decides and the state is not looked at, or the claim lives in the instance",
        needs=_NEEDS,
    ),
    Rule(
        id="CLM-19",
        title="finished records are never claimed",
        text="Succeeded and discarded are final.",
        level=Level.CORE,
        cause="an index of due records that finishing does not clear",
        needs=(*_NEEDS, "TRN-01", "TRN-03"),
    ),
    Rule(
        id="CLM-20",
        title="every due record is handed out, with no more empty answers in a row than declared",
        text="A backend that cannot order globally may take another due record and may answer None although something "
        "is due, if it says how often in a row, and leaves no due record waiting for ever.",
        level=Level.CORE,
        cause="an empty shard or an empty poll is answered as None, or a record is skipped once and never looked at "
        "again",
        needs=_NEEDS,
    ),
    Rule(
        id="CLM-21",
        title="a call that ended, found nothing or was refused keeps no due record from being claimed",
        text="a call that ended before, or found nothing, excuses nothing.",
        level=Level.CORE,
        cause="a lock or a mark on the record outlives the call that was refused, or is taken for looking",
        needs=(*_NEEDS, "CLM-10", "CLM-18", "FEN-02", "TRN-02", "TRN-16"),
    ),
)
