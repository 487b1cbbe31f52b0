"""What list shows, in which order, and how much of it."""

from lazyjobs_testkit.rules._rule import Level, Rule

_LIST = "At most `options.limit` of the records that pass `options`: newest `updated_at` first, then the highest id."
_NEEDS = ("INS-01", "CLM-01")

RULES = (
    Rule(
        id="LST-01",
        title="list shows the newest updated_at first",
        text=_LIST,
        level=Level.CORE,
        cause="ordering by id or created_at, which looks right until a record is claimed",
        needs=(*_NEEDS, "TIM-06", "CLM-16"),
    ),
    Rule(
        id="LST-02",
        title="of records updated at the same time the highest id comes first",
        text=_LIST,
        level=Level.CORE,
        cause="ORDER BY updated_at DESC alone, or a stable sort of records in ascending ids",
        needs=("INS-01", "LST-01", "INS-06", "CLM-01", "CLM-11", "TRN-02"),
    ),
    Rule(
        id="LST-03",
        title="list shows no more than the limit, and of all records the newest",
        text=_LIST,
        level=Level.CORE,
        cause="the limit is applied before the order, or to each state, shard or page",
        needs=("INS-01", "LST-01"),
    ),
    Rule(
        id="LST-04",
        title="with limit=None list shows every record, however many there are",
        text="At least 1; None is all.",
        level=Level.CORE,
        cause="the first page of a query is taken for all of it, or None becomes the default of 100",
        needs=("INS-01", "INS-11"),
    ),
    Rule(
        id="LST-05",
        title="list shows only records of the given states",
        text="Only these; None is every state.",
        level=Level.CORE,
        cause="a set of several states is asked for as if it were one, or retrying is counted as pending",
        needs=(*_NEEDS, "TRN-01", "TRN-02", "TRN-03", "TRN-12"),
    ),
    Rule(
        id="LST-06",
        title="an empty set of states shows nothing",
        text="Only these; None is every state.",
        level=Level.CORE,
        cause="`if options.states:` takes the empty set for None, or `IN ()` is an error of syntax",
        needs=("INS-01", "LST-11"),
    ),
    Rule(
        id="LST-07",
        title="the limit counts records of the given states only",
        text=_LIST,
        level=Level.CORE,
        cause="the newest are fetched first and filtered afterwards (a DynamoDB Limit with a FilterExpression)",
        needs=("INS-01", "CLM-01", "LST-05"),
    ),
    Rule(
        id="LST-08",
        title="without options list shows the newest hundred of every state",
        text="At least 1; None is all. … Only these; None is every state.",
        level=Level.CORE,
        cause="a default of the backend's own: everything, the unfinished, or another number",
        needs=("INS-01", "LST-11", "CLM-11", "LST-03"),
    ),
    Rule(
        id="LST-09",
        title="list reads and changes nothing",
        text="Read-only.",
        level=Level.CORE,
        cause="expired leases are put back, or times are touched, on the way",
        needs=(*_NEEDS, "CLM-02", "LSE-02", "INS-09"),
    ),
    Rule(
        id="LST-10",
        title="list shows what the caller has just been told is done",
        text="Sees every write that was acknowledged to the caller before, or declares by how much it may be behind.",
        level=Level.CORE,
        cause="a cache, a replica, an index or a second connection that is behind, without a declared staleness",
        needs=(*_NEEDS, "TRN-01", "LST-11"),
    ),
    Rule(
        id="LST-11",
        title="list returns a sequence of records",
        text="The sequence is the caller's own.",
        level=Level.CORE,
        cause="a generator or a cursor, which has no length and reads after the method returned",
        needs=("INS-01", "CLM-01"),
    ),
)
