"""Namespaces that the kit made, and does away with."""

import secrets

from lazyjobs_testkit.harness._harness import Harness


class Namespaces:
    """Hands out names that nothing else uses, and destroys what became of them."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness

    def create(self) -> str:
        """A name that is new everywhere."""
        return f"kit_{secrets.token_hex(8)}"

    def destroy(self, namespace: str) -> None:
        """Removes everything of a namespace, through the harness."""
        self._harness.destroy(namespace)
