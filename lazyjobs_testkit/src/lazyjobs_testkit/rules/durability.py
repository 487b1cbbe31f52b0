"""What outlives the process that wrote it."""

from lazyjobs_testkit.rules._rule import Level, Rule
from lazyjobs_testkit.rules.fields import CORE_IDS

_ACKNOWLEDGED = "What was acknowledged survives SIGKILL and reopening; what was not is there whole or not at all."
_CLAIMABLE = "A process killed at any point leaves every record claimable again at the latest when its lease ends."
_FOUNDATIONS = ("INS-01", "INS-09", "CLM-01", "CLM-09", "TRN-01", "TRN-02", "TRN-03", "LSE-01", *CORE_IDS)
_REOPENED = (*_FOUNDATIONS, "DUR-01")
_SHARED = ("CON-03", "CON-08", "CON-10")
"""What does not hold among processes that live is not to be asked of those that are killed."""

RULES = (
    Rule(
        id="DUR-01",
        title="closing and opening again changes nothing: every record is as it was, byte for byte",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="state that is only written when the process ends, or is rebuilt differently when it starts",
        needs=_FOUNDATIONS,
        trait="durable",
    ),
    Rule(
        id="DUR-02",
        title="what was acknowledged survives a SIGKILL right after the answer",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="the answer is given before the write is: a buffer that is flushed later, a background writer, a commit "
        "left open until the next call",
        needs=_REOPENED,
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-03",
        title="what a SIGKILL interrupted is there whole or not at all",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="one transition made of two writes, or a file rewritten in place",
        needs=("DUR-02", "DUR-04"),
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-04",
        title="a process killed at any point leaves every record to be claimed when its lease has ended",
        text=_CLAIMABLE,
        level=Level.CRASH_SAFE,
        cause="running records are never looked at again, the record leaves the queue of what is due before the claim "
        "is stored, or a lock outlives its owner",
        needs=("DUR-02",),
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-05",
        title="an id that was given before a SIGKILL is never given again",
        text="The id is unique among all threads, processes and instances, greater than those this instance gave "
        "before, and never used again, not even after the record was pruned.",
        level=Level.CRASH_SAFE,
        cause="the counter lives in memory, or starts again from the highest id that is still there",
        needs=("DUR-02", "DUR-03"),
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-06",
        title="a claim stays exclusive until its lease ends, also when its process was killed",
        text="a record is handed to one caller only, among all threads, processes and machines, until its lease has "
        "ended",
        level=Level.CRASH_SAFE,
        cause="the lease is kept in memory, or opening takes every running record for abandoned",
        needs=(*_REOPENED, "DUR-02"),
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-07",
        title="fencing outlives a SIGKILL: the last claim's token finishes the record, an older one does not",
        text="Atomic, and only for the current claim: the record is running and its attempt is `params.attempt`, also "
        "when the lease has ended but nobody claimed the record again.",
        level=Level.CRASH_SAFE,
        cause="who holds what is kept in memory, or the attempt is counted again from what is stored",
        needs=(*_REOPENED, "FEN-01", "DUR-02", "DUR-04"),
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-08",
        title="a process killed while it first opens a namespace leaves one that can be opened and used",
        text=_CLAIMABLE,
        level=Level.CRASH_SAFE,
        cause="the layout is made in several steps, and the first of them is taken for the last",
        needs=("INS-01",),
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-09",
        title="several processes may open a fresh namespace at the same moment",
        text="First opening by several processes at once is safe",
        level=Level.CRASH_SAFE,
        cause="looking whether the layout is there and making it are two steps, with room for another process between",
        needs=("INS-01", *_SHARED),
        trait="multi_process",
        namespaces=2,
    ),
    Rule(
        id="DUR-10",
        title="kills under load lose, double and corrupt nothing",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="what the killed process held shared, a lock, a journal or a buffer, is repaired wrongly by the others",
        needs=("DUR-02", "DUR-03", "DUR-05", "DUR-06", *_SHARED),
        trait="durable",
        namespaces=2,
    ),
    Rule(
        id="DUR-11",
        title="a restart of the storage under load loses, doubles and corrupts nothing",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="the storage acknowledges before it has written, or the backend repeats a call that had taken effect",
        needs=("DUR-02", "DUR-03", "DUR-05", "DUR-06", *_SHARED),
        trait="durable",
        hook="restart",
        namespaces=2,
    ),
)
