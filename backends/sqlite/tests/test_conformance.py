"""The SQLite backend keeps the contract: the conformance kit's suite, at both durabilities."""

from lazyjobs_sqlite.conformance import SQLiteHarness, SQLiteNormalHarness
from lazyjobs_testkit import conformance_suite

TestSQLite = conformance_suite(SQLiteHarness)
TestSQLiteNormal = conformance_suite(SQLiteNormalHarness)
