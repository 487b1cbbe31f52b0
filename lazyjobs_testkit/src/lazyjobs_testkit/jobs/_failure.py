"""The exception behind an attempt that failed, as a test should see it."""

from contextlib import suppress
from types import TracebackType

from lazyjobs import Attempt, CompleteParams, DecodeError, DiscardParams, JobRunner, RetryParams, UnknownKindError
from lazyjobs_testkit.jobs._entry import show_job

_MACHINERY = "lazyjobs.runner."


def failure_of(attempt: Attempt, runner: JobRunner) -> BaseException | None:
    """What the job raised, with its traceback from `work` on and a note of which job it was; None for a success.

    A record that could not be read has the `UnknownKindError` or `DecodeError` that says so.
    """
    outcome = attempt.outcome
    if outcome is None or isinstance(outcome, CompleteParams):
        return None
    try:
        job = runner.decode(attempt.record)
    except (UnknownKindError, DecodeError) as unreadable:
        return unreadable
    error = attempt.error or RuntimeError(outcome.last_error)
    error.__traceback__ = _from_work_on(error.__traceback__)
    with suppress(Exception):  # an exception may refuse notes
        BaseException.add_note(error, f"in {show_job(job)}, {_show_attempt(attempt, outcome)}")
    return error


def _from_work_on(traceback: TracebackType | None) -> TracebackType | None:
    inner = traceback
    while inner is not None and inner.tb_frame.f_globals.get("__name__", "").startswith(_MACHINERY):
        inner = inner.tb_next
    return inner or traceback


def _show_attempt(attempt: Attempt, outcome: RetryParams | DiscardParams) -> str:
    record = attempt.record
    became = "discarded" if isinstance(outcome, DiscardParams) else f"retried at {outcome.run_at}"
    counted = record.attempt - record.spared
    return f"id={record.id} on {record.queue}, attempt {counted} of {record.max_attempts}, which is {became}"
