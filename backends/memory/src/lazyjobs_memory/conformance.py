"""How the conformance kit tries this backend; needs the extra `conformance`."""

from collections import defaultdict
from datetime import timedelta

from lazyjobs_memory import MemoryBackend
from lazyjobs_memory._clock import read_utc
from lazyjobs_testkit import Harness, Traits


class MemoryHarness(Harness):
    """Every namespace is an instance of its own, which ends when it is closed."""

    traits = Traits(
        single_instance=True, max_payload=MemoryBackend.max_payload, retention=MemoryBackend.default_retention
    )

    def __init__(self) -> None:
        self._offsets: defaultdict[str, timedelta] = defaultdict(timedelta)

    def open(self, namespace: str) -> MemoryBackend:
        return MemoryBackend(clock=lambda: read_utc() + self._offsets[namespace])

    def destroy(self, namespace: str) -> None:
        self._offsets.pop(namespace, None)

    def set_clock(self, namespace: str, offset: timedelta) -> None:
        """Sets the clock of a namespace forward or back."""
        self._offsets[namespace] = offset
