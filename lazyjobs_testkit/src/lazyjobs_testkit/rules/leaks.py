"""What closing gives back."""

from lazyjobs import SupportsClose
from lazyjobs_testkit.rules._rule import Level, Rule

_RELEASES = "Releases everything and wakes those who wait; closing again does nothing."

RULES = (
    Rule(
        id="LEK-01",
        title="opening, using and closing again and again leaves no thread behind",
        text=_RELEASES,
        level=Level.CAPABILITY,
        cause="close asks a thread to end and does not see to it that it does",
        needs=("INS-01", "CLM-01", "WAI-03", "INS-06"),
        capability=SupportsClose,
    ),
    Rule(
        id="LEK-02",
        title="opening, using and closing again and again leaves no file or socket open",
        text=_RELEASES,
        level=Level.CAPABILITY,
        cause="one connection a thread, of which close closes the caller's; or a client whose pool is never closed",
        needs=("INS-01", "CLM-01", "WAI-03", "INS-06"),
        capability=SupportsClose,
    ),
    Rule(
        id="LEK-03",
        title="opening, using and closing again and again leaves no temporary file behind",
        text=_RELEASES,
        level=Level.CAPABILITY,
        cause="a temporary file that is made to be renamed, and stays when there was nothing to write",
        needs=("INS-01", "CLM-01", "WAI-03", "INS-06"),
        capability=SupportsClose,
    ),
)
