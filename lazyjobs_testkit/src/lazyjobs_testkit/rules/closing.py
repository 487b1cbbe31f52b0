"""What close leaves behind."""

from lazyjobs import SupportsClose
from lazyjobs_testkit.rules._rule import Level, Rule

_CLOSED = "Afterwards every other method raises `BackendClosedError`. Whoever opened the backend closes it."

RULES = (
    Rule(
        id="CLS-01",
        title="after close each of the seven methods raises BackendClosedError",
        text=_CLOSED,
        level=Level.CAPABILITY,
        cause="the driver's own error about a closed connection, or a connection that opens itself again",
        needs=("INS-01",),
        capability=SupportsClose,
    ),
    Rule(
        id="CLS-02",
        title="after close each capability raises BackendClosedError",
        text=_CLOSED,
        level=Level.CAPABILITY,
        cause="the check stands in the seven methods and was forgotten in those added later",
        needs=("CLS-01",),
        capability=SupportsClose,
    ),
    Rule(
        id="CLS-03",
        title="closing again does nothing",
        text="closing again does nothing",
        level=Level.CAPABILITY,
        cause="the second close releases what the first one released, or raises BackendClosedError like the others",
        capability=SupportsClose,
    ),
)
