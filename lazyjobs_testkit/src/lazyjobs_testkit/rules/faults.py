"""What a backend makes of a storage that fails."""

from lazyjobs_testkit.rules._rule import Level, Rule
from lazyjobs_testkit.rules.fields import CORE_IDS

_MAY_HAVE = "The call may or may not have taken effect."
_FOUNDATIONS = ("INS-01", "CLM-01", "CLM-09", "TRN-01", "TRN-02", "TRN-03", *CORE_IDS)
_WELL = (*_FOUNDATIONS, "FLT-01")

RULES = (
    Rule(
        id="FLT-01",
        title="a handle is well again as soon as its storage is, for every thread",
        text="The storage gave no answer; the same call may succeed later.",
        level=Level.CRASH_SAFE,
        cause="a transaction left open, a lock not released, a connection from the pool that stays broken",
        needs=_FOUNDATIONS,
        hook="faults",
    ),
    Rule(
        id="FLT-02",
        title="a storage that fails is told as BackendError, with the cause chained",
        text="Nothing but `BackendError`, its subclasses and `ClaimLostError` leaves a backend, the cause chained.",
        level=Level.CRASH_SAFE,
        cause="one method, or one of its requests, stands outside of what translates the driver's errors",
        needs=_WELL,
        hook="faults",
    ),
    Rule(
        id="FLT-03",
        title="a call that failed has done all of its work or none of it",
        text=_MAY_HAVE,
        level=Level.CRASH_SAFE,
        cause="one transition made of two requests, of which the first is not undone when the second fails",
        needs=_WELL,
        hook="faults",
    ),
    Rule(
        id="FLT-04",
        title="an insert whose request failed has inserted one record at the most, be it tried again inside or not",
        text="`BackendUnavailableError` when it got no answer, and then the record may exist.",
        level=Level.CRASH_SAFE,
        cause="the backend or its driver repeats an insert whose answer was lost",
        needs=_WELL,
        hook="faults",
    ),
    Rule(
        id="FLT-05",
        title="a finish whose answer was lost can be asked for again",
        text="A record that already is succeeded at that attempt is left as it is, so that the caller may ask again "
        "after a lost answer.",
        level=Level.CRASH_SAFE,
        cause="the repeated request finds no running record any more, and ClaimLostError is raised",
        needs=(*_WELL, "TRN-14", "FLT-03"),
        hook="faults",
    ),
    Rule(
        id="FLT-06",
        title="a record whose claim failed is claimed again when its lease has ended, if not before",
        text="a running record whose lease has ended is due again",
        level=Level.CRASH_SAFE,
        cause="a first request takes the record from what is due, and its lease is written by a second one",
        needs=_WELL,
        hook="faults",
    ),
    Rule(
        id="FLT-07",
        title="nothing acknowledged is lost, changed or done twice while the storage fails now and then",
        text="Stores a new record, pending, and returns it once it is stored",
        level=Level.CRASH_SAFE,
        cause="an error is swallowed, and the call answered as if it had succeeded",
        needs=(*_WELL, "FLT-03", "FLT-04", "FLT-05", "FLT-06"),
        hook="faults",
    ),
)
