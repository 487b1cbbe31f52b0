"""What a caller may do with the objects it gave and got."""

from lazyjobs import SupportsInsertMany
from lazyjobs_testkit.rules._rule import Level, Rule

_SHARE = "Objects passed in and handed out share no mutable state with the store."

RULES = (
    Rule(
        id="ALI-01",
        title="a record handed out stays as it was, whatever becomes of the stored one",
        text=f"One stored piece of work, as it was at one moment; an immutable value. … {_SHARE}",
        level=Level.CORE,
        cause="the store hands out the object that it goes on to change",
        needs=("INS-01", "CLM-01", "TRN-02", "TRN-01", "TRN-16"),
    ),
    Rule(
        id="ALI-02",
        title="what is done to a list that was handed out changes nothing else",
        text=f"The sequence is the caller's own. … {_SHARE}",
        level=Level.CORE,
        cause="list answers with the store's own list, or with one it keeps for the next call",
        needs=("INS-01", "INS-09", "LST-10"),
    ),
    Rule(
        id="ALI-03",
        title="what is done to stats that were handed out changes nothing else",
        text=f"The mappings are the caller's own: changing them changes nothing else. … {_SHARE}",
        level=Level.CORE,
        cause="stats answers with the counters themselves, at least in the inner mappings",
        needs=("INS-01", "STA-02", "STA-10"),
    ),
    Rule(
        id="ALI-04",
        title="what is done to the sequences of insert_many changes nothing else",
        text=_SHARE,
        level=Level.CAPABILITY,
        cause="the sequence is kept to be written later, or the one handed out is the store's own",
        needs=("INS-01", "BLK-01", "INS-09"),
        capability=SupportsInsertMany,
    ),
)
