"""Directories in the place for temporary files that nobody else can have prepared."""

import getpass
import os
import stat
import sys
import tempfile
from pathlib import Path


def private_directory(name: str, place: str | os.PathLike[str] | None = None) -> Path:
    """The directory `name` of this user, the same in every process of theirs; made if it is not there.

    It stands in `place`, or where temporary files go. Raises `PermissionError` for one that somebody else could have
    prepared: a link, another user's, or one that others can write to. Nobody else can look into it.
    """
    path = Path(place or tempfile.gettempdir(), f"{name}-{_this_user()}")
    path.mkdir(mode=0o700, exist_ok=True)
    if sys.platform == "win32":
        return path
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{path} is a link or another user's; remove it, or set TMPDIR to your own directory")
    if found.st_mode & 0o022:
        raise PermissionError(f"others can write to {path}; remove it, or set TMPDIR to your own directory")
    if found.st_mode & 0o055:
        path.chmod(0o700)
    return path


def _this_user() -> str:
    # A user id need not have a name: in a container it may be any number.
    return getpass.getuser() if sys.platform == "win32" else str(os.getuid())
