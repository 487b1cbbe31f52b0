"""The same suite at the durability that a power cut may cost something: in a file of its own, beside the other."""

from lazyjobs_sqlite.conformance import SQLiteNormalHarness
from lazyjobs_testkit import conformance_suite

TestSQLiteNormal = conformance_suite(SQLiteNormalHarness)
