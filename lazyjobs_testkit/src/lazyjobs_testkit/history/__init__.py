"""Concurrent histories: recorded, checked, shrunk, saved and replayed.

`play_in_threads` and `Crew` let several callers play scripts on one namespace and record each call with its times;
`check` tells whether the contract allows what was answered.
"""

from lazyjobs_testkit.history._check import check
from lazyjobs_testkit.history._file import HistoryFileError, Replay, SavedHistory, load, replay, save
from lazyjobs_testkit.history._minimize import minimize
from lazyjobs_testkit.history._operation import History, Operation, claimed, inserted
from lazyjobs_testkit.history._processes import Crew, CrewError
from lazyjobs_testkit.history._project import project
from lazyjobs_testkit.history._recorder import Recorder
from lazyjobs_testkit.history._scripts import Churn, Drain, Rounds, Script
from lazyjobs_testkit.history._show import show
from lazyjobs_testkit.history._shrink import shrink
from lazyjobs_testkit.history._threads import play_in_threads
from lazyjobs_testkit.history._verdict import Tally, Verdict, Violation

__all__ = [
    "Churn",
    "Crew",
    "CrewError",
    "Drain",
    "History",
    "HistoryFileError",
    "Operation",
    "Recorder",
    "Replay",
    "Rounds",
    "SavedHistory",
    "Script",
    "Tally",
    "Verdict",
    "Violation",
    "check",
    "claimed",
    "inserted",
    "load",
    "minimize",
    "play_in_threads",
    "project",
    "replay",
    "save",
    "show",
    "shrink",
]
