"""What a run has created and not yet destroyed, written down so that the next run can clean up after a crash."""

import contextlib
import hashlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from lazyjobs_testkit.harness._harness import Harness
from lazyjobs_testkit.harness._private import private_directory

_UNLOCKED = "new-"
_LINE = re.compile(r"([+-])([0-9a-f]{16}) (kit_[0-9a-f]{16})")


class Ledger:
    """One process's namespaces: a file, locked for as long as the process lives."""

    def __init__(self, pid: int) -> None:
        name = f"{pid}-{os.urandom(4).hex()}"
        unlocked = ledger_directory() / f"{_UNLOCKED}{name}"
        self._file = unlocked.open("x", encoding="ascii")
        _try_lock(self._file)
        # Renamed only now: under its own name a ledger that nobody has locked is that of a process that is gone.
        self._path = unlocked.rename(unlocked.with_name(name))
        self._open: set[str] = set()

    def created(self, harness: type[Harness], namespace: str) -> None:
        """Notes a namespace, before it exists."""
        self._open.add(namespace)
        _write(self._file, f"+{_key(harness)} {namespace}")

    def strike_out(self, harness: type[Harness], namespace: str) -> None:
        """Notes that a namespace is no more, or no concern of the kit's."""
        self._open.discard(namespace)
        _write(self._file, f"-{_key(harness)} {namespace}")

    def close(self) -> None:
        """Ends the ledger; its file stays while it has namespaces that were not destroyed."""
        if not self._open:
            self._path.unlink(missing_ok=True)
        self._file.close()


def ledger_directory() -> Path:
    """The directory of this user's ledgers, which nobody else can write to."""
    return private_directory("lazyjobs-testkit")


def destroy_leftovers(harness: type[Harness], destroy: Callable[[str], None]) -> list[str]:
    """Destroys what processes that are gone have left of a harness, and names it.

    A namespace that cannot be destroyed raises what the harness raised, and stays in its ledger.
    """
    destroyed: list[str] = []
    key = _key(harness)
    for path, file in _abandoned_ledgers():
        outstanding = _read_outstanding(file)
        for namespace in [namespace for namespace, owner in outstanding.items() if owner == key]:
            destroy(namespace)
            destroyed.append(namespace)
            del outstanding[namespace]
            _write(file, f"-{key} {namespace}")
        if not outstanding:
            path.unlink(missing_ok=True)
    return destroyed


def _abandoned_ledgers() -> Iterator[tuple[Path, TextIO]]:
    """The ledgers of processes that are gone, each locked while it is looked at."""
    for path in sorted(ledger_directory().iterdir()):
        if not path.name.startswith(_UNLOCKED):
            with contextlib.suppress(FileNotFoundError), path.open("r+", encoding="ascii") as file:
                if _try_lock(file):
                    yield path, file


def _read_outstanding(file: TextIO) -> dict[str, str]:
    """The namespaces that a ledger has open, each with the key of its harness."""
    outstanding: dict[str, str] = {}
    for line in file.read().splitlines():
        if found := _LINE.fullmatch(line):
            mark, key, namespace = found.groups()
            if mark == "+":
                outstanding[namespace] = key
            else:
                outstanding.pop(namespace, None)
    return outstanding


def _write(file: TextIO, line: str) -> None:
    file.write(f"{line}\n")
    file.flush()


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
