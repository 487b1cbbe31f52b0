"""Namespaces that the kit made, and does away with."""

import atexit
import os
import secrets
from functools import cache

from lazyjobs_testkit.harness._harness import Harness
from lazyjobs_testkit.harness._ledger import Ledger


class Namespaces:
    """Hands out names that nothing else uses, and destroys what became of them.

    Each is written down before it exists, so that a later run can destroy what a killed one left.
    """

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self._ledger = _open_ledger(os.getpid())

    def create(self) -> str:
        """A name that is new everywhere."""
        namespace = f"kit_{secrets.token_hex(8)}"
        self._ledger.created(type(self._harness), namespace)
        return namespace

    def destroy(self, namespace: str) -> None:
        """Removes everything of a namespace, through the harness."""
        self._harness.destroy(namespace)
        self.forget(namespace)

    def forget(self, namespace: str) -> None:
        """Leaves a namespace as it is, now and in later runs."""
        self._ledger.strike_out(type(self._harness), namespace)


@cache
def _open_ledger(pid: int) -> Ledger:
    # The pid is part of the key: a forked child must not write to its parent's ledger.
    ledger = Ledger(pid)
    atexit.register(ledger.close)
    return ledger
