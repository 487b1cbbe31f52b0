"""Histories in files, to be looked at again."""

import re
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from lazyjobs.texts import one_line, visible
from lazyjobs_testkit.foreign import ForeignFileError, decode, read_file
from lazyjobs_testkit.history._check import check
from lazyjobs_testkit.history._operation import History
from lazyjobs_testkit.history._show import show
from lazyjobs_testkit.raised import describe_error


class HistoryFileError(ValueError):
    """A file holds no history that this version of the kit can read."""


_FORMAT: Literal["lazyjobs-history-1"] = "lazyjobs-history-1"


class SavedHistory(Struct, frozen=True, kw_only=True):
    """What such a file holds."""

    format: Literal["lazyjobs-history-1"]
    about: dict[str, str]
    """Where it comes from: rule, backend, seed and whatever else helps to find it again."""
    history: History


class Replay(Struct, frozen=True):
    """What the checker says of a saved history."""

    legal: bool
    text: str


def save(history: History, path: Path, about: dict[str, str]) -> None:
    """Writes a history to a file, for `load` and `replay`.

    It can be shown to others, and says so: its records are the kit's own, and what the backend's errors quote of a
    URL or of a connection string has no password.
    """
    saved = SavedHistory(format=_FORMAT, about={**about, "secrets": _NO_SECRETS}, history=history)
    path.write_bytes(_hide_secrets(msgspec.json.format(msgspec.json.encode(saved))))


_NO_SECRETS = "none; records are the kit's own, and passwords in error texts are hidden"
_PASSWORD_IN_URL = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*://[^\s:/@\"]*):[^\s\"]*@")
_NAMED_SECRET = re.compile(rb"(?i)((?:password|passwd|pwd|secret|token|key)[a-z_]*\s*[=:]\s*)([^\s&;,\"'\\]+)")


def _hide_secrets(content: bytes) -> bytes:
    return _NAMED_SECRET.sub(rb"\1***", _PASSWORD_IN_URL.sub(rb"\1:***@", content))


def load(path: Path) -> SavedHistory:
    """The content of a file that `save` wrote; raises `HistoryFileError` for any other."""
    try:
        return decode(read_file(path), SavedHistory)
    except ForeignFileError as error:
        raise HistoryFileError(f"{path} holds no history: {error}") from error


def replay(path: Path) -> Replay:
    """Checks a saved history again: the verdict, and the calls that led to it, as text to be printed."""
    saved = load(path)
    _refuse_impossible(saved.history, path)
    try:
        verdict = check(saved.history)
    except Exception as error:
        # The checker takes any history that the kit records. What it stumbles over was made by somebody else.
        told = describe_error(error)
        raise HistoryFileError(f"{path} holds no history that the kit can have recorded: {told}") from error
    violation = verdict.violations[0] if verdict.violations else None
    origin = ", ".join(f"{name} {value}" for name, value in saved.about.items())
    text = "\n".join([one_line(origin), show(saved.history, violation), str(verdict)])
    return Replay(legal=not verdict.violations, text=visible(text, spare="\n"))


def _refuse_impossible(history: History, path: Path) -> None:
    """Raises `HistoryFileError` where calls end before they begin, or one caller makes two at once."""
    ends: dict[str, int] = {}
    for operation in sorted(history.operations, key=lambda operation: operation.called):
        if not max(0, ends.get(operation.caller, 0)) <= operation.called <= operation.returned:
            raise HistoryFileError(f"{path} holds no history that the kit can have recorded: its times are impossible")
        ends[operation.caller] = operation.returned
