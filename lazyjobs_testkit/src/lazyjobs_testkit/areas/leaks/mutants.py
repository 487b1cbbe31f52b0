"""Backends that do not give back what they opened."""

import atexit
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table

_SECONDS = 5.0


class ThreadLeaver(CorrectBackend):
    """Has a thread that close does not end."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        # It ends by itself some time later, so that a run of the whole suite is not drowned in threads.
        threading.Thread(target=threading.Event().wait, args=(_SECONDS,), daemon=True).start()


class DescriptorLeaver(CorrectBackend):
    """Opens a file for each thread, of which close closes the one of its caller."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.opener = threading.get_ident()
        self.local = threading.local()

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if not hasattr(self.local, "descriptor") and threading.get_ident() != self.opener:
            self.local.descriptor = os.open(os.devnull, os.O_RDONLY)
        with super().exclusive(method):
            yield


class TemporaryLeaver(CorrectBackend):
    """Makes a temporary file that close does not remove."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        descriptor, name = tempfile.mkstemp()
        os.close(descriptor)
        atexit.register(Path(name).unlink, missing_ok=True)


MUTANTS = (
    Mutant(ThreadLeaver.Harness, "LEK-01", "more threads"),
    Mutant(DescriptorLeaver.Harness, "LEK-02", "more open files"),
    Mutant(TemporaryLeaver.Harness, "LEK-03", "more temporary files"),
)
