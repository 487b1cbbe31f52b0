"""The manifest: a file of checksums as GNU sha256sum writes and checks it."""

import fcntl
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

_ESCAPES = ((b"\\", rb"\\"), (b"\n", rb"\n"), (b"\r", rb"\r"))
_SEPARATOR = b"  "


def format_line(digest: str, name: bytes) -> bytes:
    """The line for the file `name`; a backslash at its start tells that the name had to be escaped."""
    escaped = name
    for character, escape in _ESCAPES:
        escaped = escaped.replace(character, escape)
    mark = b"" if escaped == name else b"\\"
    return mark + digest.encode() + _SEPARATOR + escaped + b"\n"


def append_line(path: Path, line: bytes) -> None:
    """Appends `line` in one write, so that lines of several threads or processes never mix.

    Raises OSError, also if `path` is gone, since then nobody waits for the line any more.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        if os.write(descriptor, line) < len(line):
            raise OSError(f"{path} took only a part of a line; is the disk full?")
    finally:
        os.close(descriptor)


@contextmanager
def collect_lines(manifest: Path) -> Iterator[Path]:
    """Gives a new file beside `manifest` for jobs to append to, and removes it at the end.

    With it go those of runs that were killed, of which jobs may have been left until now. A lock tells who lives.
    """
    manifest.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=manifest.parent, prefix=f".{manifest.name}.", suffix=".lines", delete=False) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = Path(file.name)
        try:
            yield lines
        finally:
            lines.unlink()
            for left in manifest.parent.glob(f".{glob.escape(manifest.name)}.*.lines"):
                _remove_unlocked(left)


def _remove_unlocked(lines: Path) -> None:
    with suppress(OSError), lines.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lines.unlink()


def publish(lines: Path, manifest: Path) -> int:
    """Makes `lines` the manifest: the last line of each name, sorted by name, all at once. Returns how many."""
    last: dict[bytes, bytes] = {}
    with lines.open("rb") as file:
        for line in file:
            last[line.partition(_SEPARATOR)[2]] = line
    complete = lines.with_suffix(".sorted")
    try:
        complete.write_bytes(b"".join(line for _, line in sorted(last.items())))
        complete.replace(manifest)
    finally:
        complete.unlink(missing_ok=True)
    return len(last)
