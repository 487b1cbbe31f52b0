"""The in-memory backend keeps the contract: the conformance kit's suite."""

from lazyjobs_memory.conformance import MemoryHarness
from lazyjobs_testkit import conformance_suite

TestMemory = conformance_suite(MemoryHarness)
