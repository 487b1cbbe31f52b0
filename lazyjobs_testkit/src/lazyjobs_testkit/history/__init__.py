"""Concurrent histories: recorded, checked, shrunk, saved and replayed."""

from lazyjobs_testkit.history._check import check
from lazyjobs_testkit.history._operation import History, Operation
from lazyjobs_testkit.history._recorder import Recorder
from lazyjobs_testkit.history._verdict import Tally, Verdict, Violation

__all__ = ["History", "Operation", "Recorder", "Tally", "Verdict", "Violation", "check"]
