"""A disk that fails, kills and forgets: a shim that is preloaded, and a model of what a power cut leaves."""

from torture.disk._build import build_shim
from torture.disk._control import ALWAYS, CHANGES, Disk, Kind
from torture.disk._log import Entry, Event, read_log
from torture.disk._platter import Found, Loss, Platter
from torture.disk._statements import TellingConnection

__all__ = [
    "ALWAYS",
    "CHANGES",
    "Disk",
    "Entry",
    "Event",
    "Found",
    "Kind",
    "Loss",
    "Platter",
    "TellingConnection",
    "build_shim",
    "read_log",
]
