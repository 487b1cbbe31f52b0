"""Histories in files, to be looked at again."""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from lazyjobs.texts import visible
from lazyjobs_testkit.history._check import check
from lazyjobs_testkit.history._operation import History
from lazyjobs_testkit.history._show import show


class HistoryFileError(ValueError):
    """A file holds no history that this version of the kit can read."""


class SavedHistory(Struct, frozen=True, kw_only=True):
    """What such a file holds."""

    format: Literal["lazyjobs-history-1"] = "lazyjobs-history-1"
    about: dict[str, str]
    """Where it comes from: rule, backend, seed and whatever else helps to find it again."""
    history: History


class Replay(Struct, frozen=True):
    """What the checker says of a saved history."""

    legal: bool
    text: str


def save(history: History, path: Path, about: dict[str, str]) -> None:
    """Writes a history to a file, for `load` and `replay`."""
    saved = SavedHistory(about=about, history=history)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(saved)))


def load(path: Path) -> SavedHistory:
    """The content of a file that `save` wrote; raises `HistoryFileError` for any other."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SavedHistory)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HistoryFileError(f"{path} holds no history: {error}") from error


def replay(path: Path) -> Replay:
    """Checks a saved history again: the verdict, and the calls that led to it, as text to be printed."""
    saved = load(path)
    verdict = check(saved.history)
    violation = verdict.violations[0] if verdict.violations else None
    origin = visible(", ".join(f"{name} {value}" for name, value in saved.about.items()))
    text = "\n".join([origin, show(saved.history, violation), str(verdict)])
    return Replay(legal=not verdict.violations, text=text)
