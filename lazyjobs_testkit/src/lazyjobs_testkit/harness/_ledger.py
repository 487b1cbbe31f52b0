"""What a run has created and not yet destroyed, written down so that the next run can clean up after a crash."""

import contextlib
import getpass
import hashlib
import inspect
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from lazyjobs_testkit.harness._harness import Harness

NAMESPACE = re.compile(r"kit_[0-9a-f]{16}")


class Ledger:
    """One process's namespaces of one harness: a file, locked for as long as the process lives."""

    def __init__(self, harness: type[Harness], pid: int) -> None:
        self._path = ledger_directory() / f"{_key(harness)}-{pid}-{os.urandom(4).hex()}"
        self._file = self._path.open("x", encoding="ascii")
        _try_lock(self._file)
        self._open: set[str] = set()

    def created(self, namespace: str) -> None:
        """Notes a namespace, before it exists."""
        self._open.add(namespace)
        self._write(f"+{namespace}")

    def strike_out(self, namespace: str) -> None:
        """Notes that a namespace is no more, or no concern of the kit's."""
        self._open.discard(namespace)
        self._write(f"-{namespace}")

    def _write(self, line: str) -> None:
        self._file.write(f"{line}\n")
        self._file.flush()

    def close(self) -> None:
        """Ends the ledger; its file stays while it has namespaces that were not destroyed."""
        if not self._open:
            self._path.unlink(missing_ok=True)
        self._file.close()


def ledger_directory() -> Path:
    """The directory of this user's ledgers, which nobody else can write to."""
    path = Path(tempfile.gettempdir()) / f"lazyjobs-testkit-{getpass.getuser()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if sys.platform != "win32":
        found = path.lstat()
        if path.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise PermissionError(f"{path} is not this user's alone; remove it, or set TMPDIR to a directory that is")
    return path


def destroy_leftovers(harness: type[Harness], destroy: Callable[[str], None]) -> list[str]:
    """Destroys what processes that are gone have left of a harness, and names it.

    A namespace that cannot be destroyed raises what the harness raised, and stays in its ledger.
    """
    destroyed: list[str] = []
    for path, file in _abandoned(harness):
        for namespace in _outstanding(file):
            destroy(namespace)
            destroyed.append(namespace)
        path.unlink(missing_ok=True)
    return destroyed


def _abandoned(harness: type[Harness]) -> Iterator[tuple[Path, TextIO]]:
    for path in sorted(ledger_directory().glob(f"{_key(harness)}-*")):
        with contextlib.suppress(FileNotFoundError), path.open("r+", encoding="ascii") as file:
            if _try_lock(file):
                yield path, file


def _outstanding(file: TextIO) -> list[str]:
    outstanding: dict[str, None] = {}
    for line in file.read().splitlines():
        mark, namespace = line[:1], line[1:]
        if NAMESPACE.fullmatch(namespace):
            if mark == "+":
                outstanding[namespace] = None
            else:
                outstanding.pop(namespace, None)
    return list(outstanding)


def _key(harness: type[Harness]) -> str:
    identity = f"{inspect.getfile(harness)}:{harness.__qualname__}:{harness.name}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def _try_lock(file: TextIO) -> bool:
    # Where files cannot be locked nothing tells a living run from a dead one, so nothing is adopted.
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
