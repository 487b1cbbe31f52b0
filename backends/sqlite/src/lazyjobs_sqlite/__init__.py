"""The SQLite backend of lazyjobs: durable jobs in one file, for many threads and processes of one machine."""

from lazyjobs_sqlite._backend import SQLiteBackend

__all__ = ["SQLiteBackend"]
