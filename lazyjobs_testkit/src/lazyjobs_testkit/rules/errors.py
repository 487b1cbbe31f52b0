"""Which errors leave a backend."""

from lazyjobs_testkit.rules._rule import Keyword, Level, Rule

_ONLY = "Nothing but `BackendError`, its subclasses and `ClaimLostError` leaves a backend, the cause chained."

RULES = (
    Rule(
        id="ERR-01",
        title="the largest ids, attempts, limits and times end in an answer or in an error of the contract",
        text=_ONLY,
        level=Level.CORE,
        cause="OverflowError of a driver, a limit held in 32 bits by the storage's protocol, a date beyond its range",
        needs=("INS-01", "INS-06", "CLM-01"),
    ),
    Rule(
        id="ERR-02",
        title="a lost claim is told as ClaimLostError, which is no BackendError",
        text="Not a `BackendError`, since the backend is well",
        level=Level.CORE,
        cause="an error class of the backend's own that is both, for convenience",
        needs=("FEN-03",),
    ),
    Rule(
        id="ERR-03",
        title="ClaimLostError names the id and the attempt of the claim",
        text="The claim `(id, attempt)` no longer holds its record",
        keyword=Keyword.SHOULD,
        level=Level.CORE,
        cause="the stored attempt is reported in the place of the caller's",
        needs=("FEN-03",),
    ),
)
