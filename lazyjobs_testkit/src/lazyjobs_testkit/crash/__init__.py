"""Killing processes that use a backend, and looking at what they leave behind.

A fork server imports the harness once and forks child processes, which do as they are told through a pipe and tell
every answer before the next call, so what was acknowledged is known exactly, and so is what was in flight. What is
found after reopening is judged as one history with the calls that came before: `lazyjobs_testkit.history` does that.
"""

from lazyjobs_testkit.crash._campaign import Campaign, Kill, goes_on
from lazyjobs_testkit.crash._churn import churn
from lazyjobs_testkit.crash._log import FINISHED, KILLED, Asking, Log, Survey, perform
from lazyjobs_testkit.crash._messages import AFTER_THE_ANSWER
from lazyjobs_testkit.crash._processes import ChildError, ChildProcess, ChildStartError, ForkServer, fork_server
from lazyjobs_testkit.crash._site import Site
from lazyjobs_testkit.crash._storm import interrupt, storm
from lazyjobs_testkit.crash._targets import LEASE, Prelude, Target, targets_for
from lazyjobs_testkit.crash._together import open_amid, open_at_once

__all__ = [
    "AFTER_THE_ANSWER",
    "FINISHED",
    "KILLED",
    "LEASE",
    "Asking",
    "Campaign",
    "ChildError",
    "ChildProcess",
    "ChildStartError",
    "ForkServer",
    "Kill",
    "Log",
    "Prelude",
    "Site",
    "Survey",
    "Target",
    "churn",
    "fork_server",
    "goes_on",
    "interrupt",
    "open_amid",
    "open_at_once",
    "perform",
    "storm",
    "targets_for",
]
