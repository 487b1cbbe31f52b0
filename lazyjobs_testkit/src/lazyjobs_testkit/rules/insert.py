"""What insert promises."""

from lazyjobs import SupportsPrune
from lazyjobs_testkit.rules._rule import Level, Rule

_UNIQUE = "The id is unique among all threads, processes and instances, greater than those this instance gave before"

RULES = (
    Rule(
        id="INS-01",
        title="insert stores a record that list shows from then on",
        text="Stores a new record, pending, and returns it once it is stored",
        level=Level.CORE,
        cause="the write is buffered or left in an open transaction when insert returns",
    ),
    Rule(
        id="INS-02",
        title="a new record is pending, at attempt 0, without an error and without a lease",
        text="Stores a new record, pending, and returns it once it is stored: attempt 0, no error, no lease.",
        level=Level.CORE,
        cause="a column's default (NULL, attempt 1) instead of the contract's value",
        needs=("INS-01",),
    ),
    Rule(
        id="INS-03",
        title="kind, queue and max_attempts are stored as given, whatever is permitted",
        text="1 to 100 characters of `A-Z a-z 0-9 . _ : / -`. … Set by insert, never changed. … From 1 to 2^31-1.",
        level=Level.CORE,
        cause="a column too short, names that serve as keys or file names and are escaped one way only, a 16-bit "
        "integer, a field left out of the INSERT",
        needs=("INS-01",),
    ),
    Rule(
        id="INS-04",
        title="run_at is what was given",
        text="Not to be claimed before. Set by insert and by retry, by nothing else.",
        level=Level.CORE,
        cause="a run_at in the past is moved to now, or a delay is computed from it and added to another clock",
        needs=("INS-01",),
    ),
    Rule(
        id="INS-05",
        title="without a run_at it is the clock's now",
        text="`run_at=None` becomes the clock's now.",
        level=Level.CORE,
        cause="None is stored as it is, as the epoch, or as a local time",
        needs=("INS-01",),
    ),
    Rule(
        id="INS-06",
        title="ids are integers from 1 to 2^63-1",
        text="From 1 to 2^63-1, unique in its namespace for ever, even after the record was pruned. Set by insert.",
        level=Level.CORE,
        cause="ids counted from 0, UUIDs or strings, random numbers of 64 bits",
    ),
    Rule(
        id="INS-07",
        title="the ids that one instance gives grow",
        text=_UNIQUE,
        level=Level.CORE,
        cause="random ids, or a time in front of random bits that do not grow within one millisecond",
    ),
    Rule(
        id="INS-08",
        title="two instances never give the same id",
        text=_UNIQUE,
        level=Level.CORE,
        cause="a counter kept in the instance, or a block of ids reserved without writing that down",
        needs=("INS-01",),
    ),
    Rule(
        id="INS-09",
        title="what insert returns is what list returns later",
        text="What is returned is what `list` and `claim` return later, but for the fields that a transition changes.",
        level=Level.CORE,
        cause="insert answers with its parameters while the storage rounds, trims or defaults them",
        needs=("INS-01",),
    ),
    Rule(
        id="INS-10",
        title="what insert returns is what claim returns later, but for what claiming changes",
        text="What is returned is what `list` and `claim` return later, but for the fields that a transition changes.",
        level=Level.CORE,
        cause="insert and claim build the record by two pieces of code that have drifted apart",
        needs=("INS-01", "CLM-01", "INS-09", "TIM-05"),
    ),
    Rule(
        id="INS-11",
        title="inserting the same again stores a second record",
        text="Stores a new record, pending, and returns it once it is stored",
        level=Level.CORE,
        cause="a unique key over kind and payload, or a content hash as the key",
        needs=("INS-01",),
    ),
    Rule(
        id="INS-12",
        title="the id of a pruned record is never given again",
        text="The id is unique among all threads, processes and instances, greater than those this instance gave "
        "before, and never used again, not even after the record was pruned.",
        level=Level.CAPABILITY,
        cause="the next id is the highest stored one plus one (SQLite without AUTOINCREMENT, max(id)+1)",
        needs=("INS-01", "CLM-01", "TRN-01", "PRU-01", "INS-08"),
        capability=SupportsPrune,
    ),
)
