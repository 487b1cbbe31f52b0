"""The files of a directory tree."""

import os
import subprocess
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from stat import S_ISREG

SKIPPED = frozenset({".git", "__pycache__", ".demo"})


class UnknownFilesError(Exception):
    """git cannot say which files it tracks; the message says why."""


def list_tracked(checkout: Path) -> Sequence[Path]:
    """Every file of a checkout that git tracks and that is there; raises `UnknownFilesError`."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # a checkout may belong to another user
    try:
        listed = subprocess.run(command, cwd=checkout, check=True, capture_output=True).stdout
    except FileNotFoundError as error:
        raise UnknownFilesError("git is not installed") from error
    except subprocess.CalledProcessError as error:
        raise UnknownFilesError(error.stderr.decode(errors="backslashreplace").strip()) from error
    names = dict.fromkeys(name for name in listed.split(b"\0") if name)
    return [path for name in names if (path := checkout / os.fsdecode(name)).is_file()]


def find_files(
    directory: Path, *, besides: Container[Path], on_error: Callable[[Path, OSError], None]
) -> Iterator[Path]:
    """Gives, while it walks, every regular file below `directory` and every link to one, also one that leads nowhere.

    Pipes, sockets and devices are left out, links to directories are not followed. A directory that cannot be listed
    is handed to `on_error` and passed over.
    """
    pending = [directory]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            on_error(folder, error)
            continue
        pending += [Path(entry) for entry in reversed(entries) if _is_to_be_entered(entry)]
        yield from (Path(entry) for entry in entries if _is_file(entry) and Path(entry) not in besides)


def _is_to_be_entered(entry: os.DirEntry[str]) -> bool:
    return _is_directory(entry) and entry.name not in SKIPPED


def _is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return not _is_directory(entry) and S_ISREG(entry.stat().st_mode)
    except OSError:  # it cannot be read either, and its job will say why
        return True
