"""Who may finish a record: the current claim, and nobody else."""

from lazyjobs_testkit.rules._rule import Level, Rule

_LOST = "Anything else (an unknown id, another attempt, another state) raises `ClaimLostError` and changes nothing."
_NEEDS = ("INS-01", "INS-06", "CLM-01")
_VERBS = (*_NEEDS, "TRN-01", "TRN-02", "TRN-03")

RULES = (
    Rule(
        id="FEN-01",
        title="a superseded claim finishes nothing: each verb raises ClaimLostError",
        text=_LOST,
        level=Level.CORE,
        cause="finishing asks for the id and the state, not for the attempt: a stale worker overwrites the new one",
        needs=(*_NEEDS, "LSE-03", "LSE-02", "CLM-03"),
    ),
    Rule(
        id="FEN-02",
        title="an attempt that was never claimed finishes nothing",
        text=_LOST,
        level=Level.CORE,
        cause="`attempt <= given` instead of `attempt = given`",
        needs=_NEEDS,
    ),
    Rule(
        id="FEN-03",
        title="an unknown id is refused",
        text=_LOST,
        level=Level.CORE,
        cause="no row is taken for success, or an upsert (PUT, UpdateItem, HSET) creates what it does not find",
        needs=("INS-01", "INS-06"),
    ),
    Rule(
        id="FEN-04",
        title="a record that was never claimed cannot be finished",
        text=_LOST,
        level=Level.CORE,
        cause="the state is not looked at, or attempt 0 is taken for the first",
        needs=("INS-01", "INS-06"),
    ),
    Rule(
        id="FEN-05",
        title="after a finish each other verb is refused",
        text=_LOST,
        level=Level.CORE,
        cause="any finished state at that attempt is taken for a repetition, or a late discard undoes a success",
        needs=_VERBS,
    ),
    Rule(
        id="FEN-06",
        title="a retry that is repeated after the record was claimed again is refused",
        text=_LOST,
        level=Level.CORE,
        cause="repetitions are recognised by remembered requests instead of by the record's state and attempt",
        needs=(*_NEEDS, "TRN-02", "TRN-08", "TRN-16", "FEN-01"),
    ),
    Rule(
        id="FEN-07",
        title="after a finish the same verb with another attempt is refused",
        text="A record that already is succeeded at that attempt is left as it is, so that the caller may ask again "
        f"after a lost answer. {_LOST}",
        level=Level.CORE,
        cause="a record already in the state asked for is taken for a repetition whatever its attempt",
        needs=(*_VERBS, "LSE-03", "FEN-01"),
    ),
    Rule(
        id="FEN-08",
        title="a refused finish changes nothing at all",
        text=_LOST,
        level=Level.CORE,
        cause="the update is made first and the attempt compared afterwards, or an unknown id becomes a record",
        needs=(*_VERBS, "CLM-02", "LSE-02", "LSE-03", *(f"FEN-{number:02}" for number in range(1, 8)), "INS-09"),
    ),
)
