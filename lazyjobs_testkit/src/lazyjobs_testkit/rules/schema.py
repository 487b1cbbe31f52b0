"""What an older and a newer version of the backend left behind."""

from lazyjobs_testkit.rules._rule import Level, Rule

_SCHEMAS = "an older schema is upgraded with its records intact, a newer one is refused untouched"

RULES = (
    Rule(
        id="MIG-01",
        title="what an older version wrote is opened with every record intact",
        text=_SCHEMAS,
        level=Level.CRASH_SAFE,
        cause="a new column without a value for the old rows, times or payloads converted on the way, rows that the "
        "new queries do not find",
        needs=("INS-01", "INS-09", "CLM-01", "DUR-01"),
        trait="durable",
        hook="old_schema",
        namespaces=2,
    ),
    Rule(
        id="MIG-02",
        title="records that an older version wrote are claimed and finished like new ones",
        text=_SCHEMAS,
        level=Level.CRASH_SAFE,
        cause="the old records are listed, but not entered into the index or queue that claim looks at",
        needs=("MIG-01", "CLM-09", "TRN-01"),
        trait="durable",
        hook="old_schema",
        namespaces=2,
    ),
    Rule(
        id="MIG-03",
        title="several processes may upgrade what an older version wrote at the same moment",
        text="First opening by several processes at once is safe; an older schema is upgraded with its records intact",
        level=Level.CRASH_SAFE,
        cause="each process finds the old version and upgrades, the second one what the first has upgraded already",
        needs=("MIG-01", "DUR-09"),
        trait="multi_process",
        hook="old_schema",
        namespaces=2,
    ),
    Rule(
        id="MIG-04",
        title="what a newer version wrote is refused with BackendError and left untouched",
        text=_SCHEMAS,
        level=Level.CRASH_SAFE,
        cause="the version is not stored, not looked at, or looked at after the tables were made",
        needs=("INS-01",),
        trait="durable",
        hook="newer_schema",
        namespaces=2,
    ),
)
