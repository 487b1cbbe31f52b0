"""The in-memory backend of lazyjobs: for tests, scripts and small services, and a backend to read first."""

from lazyjobs_memory._backend import MemoryBackend

__all__ = ["MemoryBackend"]
