"""What stats counts."""

from lazyjobs_testkit.rules._rule import Level, Rule

_COUNTS = "Counts of all records; when nothing else is running, those of `list` with `limit=None`."
_GROUPS = "How many records there are, grouped four ways; each grouping sums to `total`."
_NEEDS = ("INS-01", "INS-06")

RULES = (
    Rule(
        id="STA-01",
        title="an empty namespace counts nothing",
        text=_COUNTS,
        level=Level.CORE,
        cause="SUM over no rows answers None, or a first record of the backend's own is counted",
    ),
    Rule(
        id="STA-02",
        title="total counts every record, in every state and however many there are",
        text=_COUNTS,
        level=Level.CORE,
        cause="only unfinished records or only the first page are counted",
        needs=(*_NEEDS, "CLM-01", "CLM-19", "TRN-01", "TRN-02", "TRN-03", "INS-11", "TRN-12"),
    ),
    Rule(
        id="STA-03",
        title="by_state counts the records of each state",
        text=_COUNTS,
        level=Level.CORE,
        cause="a counter is not moved by one of the transitions, or is moved again by a repeated one",
        needs=(*_NEEDS, "CLM-01", "TRN-01", "TRN-02", "TRN-03", "TRN-14", "CLM-19", "TRN-12"),
    ),
    Rule(
        id="STA-04",
        title="by_kind counts the records of each kind",
        text=_COUNTS,
        level=Level.CORE,
        cause="kinds that differ in case only are counted as one",
        needs=_NEEDS,
    ),
    Rule(
        id="STA-05",
        title="by_queue counts the records of each queue",
        text=_COUNTS,
        level=Level.CORE,
        cause="only what waits on a queue is counted, or queues that differ in case only are counted as one",
        needs=(*_NEEDS, "CLM-01", "TRN-01"),
    ),
    Rule(
        id="STA-06",
        title="by_queue_state counts the records of each queue and state",
        text="Queue, then state, then count.",
        level=Level.CORE,
        cause="state and queue the wrong way round, or flat keys",
        needs=(*_NEEDS, "CLM-01", "TRN-01", "TRN-12"),
    ),
    Rule(
        id="STA-07",
        title="each grouping sums to the total",
        text=_GROUPS,
        level=Level.CORE,
        cause="groupings that are counted by different conditions",
        needs=(
            *_NEEDS,
            "CLM-01",
            "TRN-01",
            "TRN-02",
            "TRN-03",
            "CLM-19",
            "LSE-02",
            "STA-02",
            "STA-03",
            "STA-04",
            "STA-05",
            "STA-06",
            "TRN-12",
        ),
    ),
    Rule(
        id="STA-08",
        title="a key without a record is absent",
        text="A key without a record is absent.",
        level=Level.CORE,
        cause="every state is listed, at 0 too, or a counter that fell to 0 stays",
        needs=(*_NEEDS, "CLM-01", "TRN-01"),
    ),
    Rule(
        id="STA-09",
        title="stats reads and changes nothing",
        text="Read-only.",
        level=Level.CORE,
        cause="expired leases are put back on the way",
        needs=(*_NEEDS, "CLM-01", "CLM-02", "LSE-02", "LST-09"),
    ),
    Rule(
        id="STA-10",
        title="stats counts what the caller has just been told is done",
        text="Sees every write that was acknowledged to the caller before, or declares by how much it may be behind.",
        level=Level.CORE,
        cause="counts that are cached or gathered from time to time, without a declared staleness",
        needs=(*_NEEDS, "CLM-01", "TRN-01"),
    ),
)
