"""What two namespaces know of one another: nothing."""

from lazyjobs_testkit.rules._rule import Level, Rule

_APART = "Two namespaces (files, prefixes, schemas) never see one another, in any method."

RULES = (
    Rule(
        id="ISO-01",
        title="list, stats and claim see nothing of another namespace",
        text=_APART,
        level=Level.CORE,
        cause="a prefix that is missing from one key, topic or query, or state kept in the module or class",
        needs=("INS-01", "CLM-01", "INS-09", "CLM-14", "STA-01"),
        namespaces=2,
    ),
    Rule(
        id="ISO-02",
        title="no verb reaches a record of another namespace",
        text=_APART,
        level=Level.CORE,
        cause="a finish finds its record by the id alone, and ids are counted for all namespaces together",
        needs=("INS-01", "CLM-01", "TRN-01", "TRN-02", "TRN-03", "CLM-02", "FEN-03", "INS-06"),
        namespaces=2,
    ),
)
