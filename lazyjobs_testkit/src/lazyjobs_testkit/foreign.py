"""Files that somebody else may have written: read once, whole, and only if they are what they are taken for."""

import os
import stat
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")

MEBIBYTE = 1024 * 1024


class ForeignFileError(ValueError):
    """A file cannot be used; the message says why."""


def read_file(path: Path, most: int = 64 * MEBIBYTE) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises `ForeignFileError` for anything else; does not wait for a pipe or a device.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "rb") as file:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = file.read(most + 1) if regular else b""
    except (OSError, ValueError) as error:  # a path with a null byte in it is a ValueError
        raise ForeignFileError(str(error)) from error
    if not regular:
        raise ForeignFileError(f"{path} is no regular file")
    if len(content) > most:
        raise ForeignFileError(f"{path} is larger than {most // MEBIBYTE} MiB")
    return content


def decode(content: bytes, type: type[T]) -> T:
    """The JSON in `content` as a value of `type`; raises `ForeignFileError` if it is none."""
    try:
        return msgspec.json.decode(content, type=type)
    except RecursionError:
        raise ForeignFileError("it is nested too deeply") from None
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise ForeignFileError(str(error)) from error
