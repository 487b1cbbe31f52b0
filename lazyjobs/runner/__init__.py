"""The runner: workers that claim, run and finish records, and what jobs see of them."""

from lazyjobs.runner._context import current_job, current_runner, use_runner
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._due import Attempt
from lazyjobs.runner._errors import NoJobError, NoRunnerError, RunnerStateError
from lazyjobs.runner._fork import call_in_child
from lazyjobs.runner._hooks import Guard, add_guard, hand_over, taking_made_runners
from lazyjobs.runner._listing import list_pages
from lazyjobs.runner._observer import AttemptEnd, AttemptWatch, EnqueueWatch, Observer, Outcome
from lazyjobs.runner._options import UnknownKind
from lazyjobs.runner._runner import JobRunner
from lazyjobs.runner._snapshot import RecordSummary, Snapshot, mask_urls
from lazyjobs.runner._source import URL_VARIABLE
from lazyjobs.runner._verdicts import count_attempts, is_given_back

__all__ = [
    "URL_VARIABLE",
    "Attempt",
    "AttemptEnd",
    "AttemptWatch",
    "CurrentJob",
    "EnqueueWatch",
    "Guard",
    "JobRunner",
    "NoJobError",
    "NoRunnerError",
    "Observer",
    "Outcome",
    "RecordSummary",
    "RunnerStateError",
    "Snapshot",
    "UnknownKind",
    "add_guard",
    "call_in_child",
    "count_attempts",
    "current_job",
    "current_runner",
    "hand_over",
    "is_given_back",
    "list_pages",
    "mask_urls",
    "taking_made_runners",
    "use_runner",
]
