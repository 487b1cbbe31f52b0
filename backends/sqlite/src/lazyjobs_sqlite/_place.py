"""The directory beside the file, where the processes that share it meet; nothing in it is worth keeping.

Whoever may write where the file lies can have made it first, or have put something into it. So nothing here is opened
by following a link, and what was opened is looked at, by its descriptor, before it is used. What is made here belongs
to the file's owner and lets in who may write the file, whoever made it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from msgspec import Struct

from lazyjobs import BackendError
from lazyjobs_sqlite._errors import show

NEW = "new-"
"""Begins the name of what is not ready yet."""
MEETING_FILES = ("gate", "lock", "board")
_PRIVATE = 0o600
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_REGULAR = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIPE = os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Owner(Struct, frozen=True):
    """Whose the database is, and who else may write it."""

    uid: int
    gid: int
    mode: int
    """Permission bits of the database."""

    def bits(self, each: int) -> int:
        """A mode that gives `each` to the owner and to whoever else may write the database, and nothing to others.

        Who may only read it gets nothing: even a lock on a file that one can read keeps others out. The owner, though,
        can write it again whenever he likes.
        """
        return each << 6 | sum(each << shift for shift in (3, 0) if self.mode & (2 << shift))

    def trusts(self, found: os.stat_result) -> bool:
        """Whether it is this user's or the owner's."""
        return found.st_uid in (os.geteuid(), self.uid)

    def lets_write(self, found: os.stat_result) -> bool:
        """Whether who made this may write the database as well."""
        return self.trusts(found) or bool(
            self.mode & stat.S_IWOTH or (self.mode & stat.S_IWGRP and found.st_gid == self.gid)
        )


class Place:
    """The directory of one database file; made by the file's owner, or by root for him."""

    def __init__(self, file: Path, new_mode: int | None) -> None:
        self.path = file.with_name(f"{file.name}-lazyjobs")
        self._file = file
        self._new_mode = _PRIVATE if new_mode is None else new_mode

    def check(self) -> None:
        """Raises `BackendError` if it is there and it, or a file of it, must not be used."""
        with self.opened(make=False) as directory:
            if directory is not None:
                for name in MEETING_FILES:
                    directory.check(name)

    @contextmanager
    def opened(self, *, make: bool) -> "Iterator[Directory | None]":
        """The directory, made if wanted; None if there is none that this user can use, and he may not make one.

        Raises `BackendError` if it is a link, no directory, or somebody else's, and OSError.
        """
        owner = self._owner()
        makes = make and os.geteuid() in (0, owner.uid)
        if makes:
            with suppress(FileExistsError):
                self.path.mkdir(0o700)
        try:
            descriptor = os.open(self.path, _DIRECTORY)
        except FileNotFoundError:
            if makes:
                raise
            yield None
            return
        except PermissionError:
            if os.geteuid() == owner.uid:
                raise
            yield None
            return
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
                raise self._refusal("it is a link, or no directory") from error
            raise
        try:
            found = os.fstat(descriptor)
            if not owner.trusts(found):
                raise self._refusal(f"it belongs to user {found.st_uid}, and the database to user {owner.uid}")
            if makes:
                _share(descriptor, found, owner, owner.bits(7))
            yield Directory(self.path, descriptor, owner, makes=makes)
        finally:
            os.close(descriptor)

    def _owner(self) -> Owner:
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return Owner(os.geteuid(), os.getegid(), self._new_mode)
        return Owner(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))

    def _refusal(self, why: str) -> BackendError:
        return BackendError(
            f"{show(self.path)}: not used, since {why}; find out who made it, then delete it: nothing in it is "
            "worth keeping, and it is made anew"
        )


class Directory:
    """The directory while it is open."""

    def __init__(self, path: Path, descriptor: int, owner: Owner, *, makes: bool) -> None:
        self._path = path
        self._descriptor = descriptor
        self._owner = owner
        self._makes = makes

    def check(self, name: str) -> None:
        """Raises `BackendError` if something has that name and is not what it must be."""
        with suppress(FileNotFoundError):
            self._check(name, os.stat(name, dir_fd=self._descriptor, follow_symlinks=False))

    def open_file(self, name: str) -> int | None:
        """A descriptor of a regular file that only who may write the database can open; made if that is allowed."""
        try:
            descriptor = os.open(name, _REGULAR | (os.O_CREAT if self._makes else 0), _PRIVATE, dir_fd=self._descriptor)
        except (FileNotFoundError, PermissionError):
            if self._makes:
                raise
            return None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
                raise self._refusal(name, "it is a link, or no regular file") from error
            raise
        try:
            found = os.fstat(descriptor)
            self._check(name, found)
            if self._makes:
                _share(descriptor, found, self._owner, self._owner.bits(6))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def pattern(self, mode: int) -> Iterator[Path]:
        """A file of exactly that mode, for as long as another one is to be made like it."""
        name = f"{NEW}{token_hex(8)}"
        descriptor = os.open(name, _REGULAR | os.O_CREAT | os.O_EXCL, _PRIVATE, dir_fd=self._descriptor)
        try:
            os.fchmod(descriptor, mode)
            yield self._path / name
        finally:
            os.close(descriptor)
            self.remove(name)

    def make_pipe(self, name: str) -> int:
        """A pipe that appears under its name only when it is listened to."""
        hidden = f"{NEW}{name}"
        os.mkfifo(hidden, _PRIVATE, dir_fd=self._descriptor)
        pipe = os.open(hidden, os.O_RDWR | _PIPE, dir_fd=self._descriptor)
        try:
            found = os.fstat(pipe)
            self._check_pipe(hidden, found)
            # Whoever rings must be able to write to it; the directory says who gets that far.
            _share(pipe, found, self._owner, self._owner.bits(6) if self._makes else 0o666)
            os.rename(hidden, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        except BaseException:
            os.close(pipe)
            raise
        return pipe

    def ring(self, name: str) -> None:
        """Writes a byte to a pipe of someone who may write the database; one that nobody reads is removed."""
        try:
            pipe = os.open(name, os.O_WRONLY | _PIPE, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno == errno.ENXIO:
                self.remove(name)
            return
        try:
            found = os.fstat(pipe)
            if stat.S_ISFIFO(found.st_mode) and found.st_nlink == 1 and self._owner.lets_write(found):
                with suppress(OSError):
                    os.write(pipe, b"!")
        finally:
            os.close(pipe)

    def names(self) -> list[str]:
        return os.listdir(self._descriptor)  # noqa: PTH208 (a Path cannot be made of a descriptor)

    def changed_at(self, name: str) -> float:
        return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False).st_mtime

    def remove(self, name: str) -> None:
        """Removes what has that name, if that is possible; never what it leads to."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self._descriptor)

    def _check_pipe(self, name: str, found: os.stat_result) -> None:
        if not stat.S_ISFIFO(found.st_mode) or found.st_uid != os.geteuid():
            raise self._refusal(name, "it was replaced while it was made")

    def _check(self, name: str, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise self._refusal(name, "it is a link, or no regular file")
        if found.st_nlink != 1:
            raise self._refusal(name, "it has another name elsewhere")
        if not self._owner.trusts(found):
            raise self._refusal(name, f"it belongs to user {found.st_uid}")

    def _refusal(self, name: str, why: str) -> BackendError:
        return BackendError(
            f"{show(self._path / name)}: not used, since {why}; find out who put it there, then delete the directory: "
            "nothing in it is worth keeping, and it is made anew"
        )


def _share(descriptor: int, found: os.stat_result, owner: Owner, mode: int) -> None:
    """Gives what is open to the database's owner and group, as far as this user may, and then that mode."""
    gid = found.st_gid
    if (found.st_uid, gid) != (owner.uid, owner.gid):
        with suppress(PermissionError):
            os.fchown(descriptor, owner.uid if os.geteuid() == 0 else -1, owner.gid)
            gid = owner.gid
    if gid != owner.gid:
        mode &= ~0o070
    if stat.S_IMODE(found.st_mode) != mode and (os.geteuid() in (0, found.st_uid)):
        os.fchmod(descriptor, mode)
