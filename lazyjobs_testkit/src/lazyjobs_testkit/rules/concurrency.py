"""What holds when many threads and processes use a backend at once."""

from lazyjobs import SupportsClaimMany, SupportsExtend, SupportsFinishAndClaim
from lazyjobs_testkit.rules import claim, fencing, fields, finish, insert, lease, stats, time
from lazyjobs_testkit.rules._rule import Level, Rule

_EXCLUSIVE = (
    "Atomic: a record is handed to one caller only, among all threads, processes and machines, until its lease has "
    "ended."
)
_FENCED = (
    "Atomic, and only for the current claim: the record is running and its attempt is `params.attempt` … Anything else "
    "(an unknown id, another attempt, another state) raises `ClaimLostError` and changes nothing."
)
_IDS = (
    "The id is unique among all threads, processes and instances, greater than those this instance gave before, and "
    "never used again"
)
_KEPT = "Stores a new record, pending, and returns it once it is stored"
_CONTENTION = "Contention within a timeout the backend declares is never an error."
_PROCESSES = "multi_process"
_CLAIMS = ("INS-01", "CLM-01", "CLM-03", "CLM-09", "CLM-11", "CLM-18")
_EXCLUSION = ("CON-01", "CON-02")
# A history shows what its records look like: a field that is wrong in one thread already is told by its own rule.
_AREAS = (insert, time, claim, finish, fencing, lease, fields)
_RECORDS = ("PAY-01", "ALI-01", *(rule.id for area in _AREAS for rule in area.RULES if rule.level is Level.CORE))
_COUNTS = ("LST-01", "LST-04", "LST-11", *(rule.id for rule in stats.RULES))

RULES = (
    Rule(
        id="CON-01",
        title="threads that share a handle never hold the same record",
        text=_EXCLUSIVE,
        level=Level.CONCURRENT,
        cause="the record is looked up first and marked as running afterwards, without a lock or a transaction around "
        "both, or without asking in the update whether it is still as it was found",
        needs=_CLAIMS,
    ),
    Rule(
        id="CON-02",
        title="threads with handles of their own never hold the same record",
        text=_EXCLUSIVE,
        level=Level.CONCURRENT,
        cause="the lock belongs to the instance, not to the store; or it is a POSIX file lock, which does not keep "
        "threads of one process apart",
        needs=("CON-01",),
    ),
    Rule(
        id="CON-03",
        title="processes never hold the same record",
        text=_EXCLUSIVE,
        level=Level.CONCURRENT,
        cause="the lock is a threading.Lock, or what was due is remembered in the process",
        needs=("CON-01",),
        trait=_PROCESSES,
    ),
    Rule(
        id="CON-04",
        title="of a finish and a new claim that race after the lease has ended, one wins and the other is told",
        text=_FENCED,
        level=Level.CONCURRENT,
        cause="state and attempt are read first and written afterwards: a claim in between is overwritten",
        needs=(*_EXCLUSION, *_RECORDS, "CON-06"),
    ),
    Rule(
        id="CON-05",
        title="of a finish and a new claim in two processes, one wins and the other is told",
        text=_FENCED,
        level=Level.CONCURRENT,
        cause="state and attempt are compared in the process and then written without a condition",
        needs=("CON-03", "CON-04"),
        trait=_PROCESSES,
    ),
    Rule(
        id="CON-06",
        title="of different finishes of one claim at the same time, one is accepted",
        text=_FENCED,
        level=Level.CONCURRENT,
        cause="each verb checks first and writes afterwards, so that two see the record running",
        needs=(*_EXCLUSION, *_RECORDS),
    ),
    Rule(
        id="CON-07",
        title="threads that insert at the same time get ids of their own, which grow on each handle",
        text=_IDS,
        level=Level.CONCURRENT,
        cause="the next id is computed from the highest one, or from a counter, without a lock around both; or ids "
        "come from a clock that two calls can find unchanged",
        needs=("INS-01", "INS-07", "INS-08"),
    ),
    Rule(
        id="CON-08",
        title="processes that insert at the same time get ids of their own",
        text=_IDS,
        level=Level.CONCURRENT,
        cause="each process counts by itself from what it found when it opened the store",
        needs=("CON-07",),
        trait=_PROCESSES,
    ),
    Rule(
        id="CON-09",
        title="nothing that was acknowledged under load is lost, undone or invented",
        text=_KEPT,
        level=Level.CONCURRENT,
        cause="a whole file, index or cached list is read, changed and written back, and another's change is gone",
        needs=(*_EXCLUSION, *_RECORDS, *_COUNTS, "CON-07"),
    ),
    Rule(
        id="CON-10",
        title="nothing that was acknowledged to several processes is lost, undone or invented",
        text=_KEPT,
        level=Level.CONCURRENT,
        cause="what one process holds in memory is written over what another has stored since",
        needs=("CON-03", "CON-08", "CON-09"),
        trait=_PROCESSES,
    ),
    Rule(
        id="CON-11",
        title="a claim that loses a race looks further: it answers None only if nothing is due",
        text="returns it as it then is; None if nothing is due … A backend that cannot order globally … may answer "
        "None although something is due, if it says how often in a row",
        level=Level.CONCURRENT,
        cause="the update that matched no row is answered with None instead of another look",
        needs=(*_EXCLUSION, "CLM-04"),
    ),
    Rule(
        id="CON-12",
        title="a claim under load passes over nothing that was due before",
        text="Of all of them, over all those queues together, the one with the smallest `(due time, id)` is taken.",
        level=Level.CONCURRENT,
        cause="candidates are fetched ahead and handed out when others have become due before them, or each process "
        "claims from a part of its own",
        needs=(*_EXCLUSION, "CLM-04", "CLM-06", "CLM-05"),
    ),
    Rule(
        id="CON-13",
        title="list and stats under load show the caller's own writes, and their counts agree",
        text="Sees every write that was acknowledged to the caller before, or declares by how much it may be behind.",
        level=Level.CONCURRENT,
        cause="the counts are taken one after the other while others write, or reads go to a snapshot or replica that "
        "is behind without saying so",
        needs=("CON-09",),
    ),
    Rule(
        id="CON-14",
        title="contention is never an error",
        text=_CONTENTION,
        level=Level.CONCURRENT,
        cause="a locked database, a failed condition or a changed dictionary raises instead of being waited for or "
        "tried again",
        needs=(*_CLAIMS, "LST-11"),
    ),
    Rule(
        id="CON-15",
        title="an extension and a new claim that race after the lease has ended never both succeed",
        text="Atomic, and only for the current claim: running, and the same attempt, also when the lease has ended but "
        "nobody claimed the record again.",
        level=Level.CAPABILITY,
        cause="the claim is looked up first and its lease written afterwards",
        needs=(*_EXCLUSION, *_RECORDS, "EXT-04", "EXT-05", "EXT-06", "EXT-07", "EXT-10"),
        capability=SupportsExtend,
    ),
    Rule(
        id="CON-16",
        title="records claimed by the batch are handed to one caller only",
        text=_EXCLUSIVE,
        level=Level.CAPABILITY,
        cause="the batch is read in one step and marked in another",
        needs=(*_EXCLUSION, "BLK-06"),
        capability=SupportsClaimMany,
    ),
    Rule(
        id="CON-17",
        title="what finish_and_claim hands out is handed to one caller only",
        text=_EXCLUSIVE,
        level=Level.CAPABILITY,
        cause="the combined statement leaves out a condition that the single ones have",
        needs=(*_EXCLUSION, "BLK-12", "BLK-13"),
        capability=SupportsFinishAndClaim,
    ),
)
