"""How the conformance kit tries this backend; needs the extra `conformance`."""

from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Harness, Traits


class MemoryHarness(Harness):
    """Every namespace is an instance of its own, which ends when it is closed.

    It offers no `set_clock`: the backend's clock stands still when the machine's goes back, so it cannot be set back.
    """

    traits = Traits(
        single_instance=True, max_payload=MemoryBackend.max_payload, retention=MemoryBackend.default_retention
    )

    def open(self, namespace: str) -> MemoryBackend:  # noqa: ARG002 (each instance is a namespace)
        return MemoryBackend()

    def url_of(self, namespace: str) -> str:  # noqa: ARG002 (each opening is a namespace)
        return "memory://"

    def destroy(self, namespace: str) -> None:
        """Does nothing: what a namespace held went with its instance."""
