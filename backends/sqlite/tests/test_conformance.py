"""The SQLite backend keeps the contract: the conformance kit's suite, at its usual durability."""

from lazyjobs_sqlite.conformance import SQLiteHarness
from lazyjobs_testkit import conformance_suite

TestSQLite = conformance_suite(SQLiteHarness)
