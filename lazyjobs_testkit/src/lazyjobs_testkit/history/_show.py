"""A history as text."""

from datetime import timedelta

from lazyjobs.texts import visible
from lazyjobs_testkit.history._operation import History, Operation
from lazyjobs_testkit.history._verdict import Violation
from lazyjobs_testkit.model import Spelling, Unknown, tell_time

_SHOWN = 40


def show(history: History, violation: Violation | None = None) -> str:
    """The calls in the order in which they were made, with their times in milliseconds; the wrong answer is marked."""
    if not history.operations:
        return "no calls"
    operations = sorted(enumerate(history.operations), key=lambda item: item[1].called)
    first = operations[0][1]
    width = max(len(visible(operation.caller)) for _, operation in operations)
    lines = [f"milliseconds from {tell_time(first.began)}, when the first call began"]
    lines += [f"    before: record {entry.id} {entry}" for entry in history.initial]
    if len(operations) > _SHOWN:
        lines.append(f"    ({len(operations) - _SHOWN} earlier calls are in the file)")
    blamed = violation.operations if violation is not None else ()
    for place, operation in operations[-_SHOWN:]:
        mark = ">>>" if place in blamed else "   "
        lines.append(f"{mark} {_times(operation, first.called)} {visible(operation.caller):{width}} {_call(operation)}")
    return "\n".join(lines)


def _times(operation: Operation, zero: int) -> str:
    end = "      ?" if isinstance(operation.answer, Unknown) else f"{_milliseconds(operation.returned - zero):7.2f}"
    return f"{_milliseconds(operation.called - zero):7.2f} to{end}"


def _milliseconds(nanoseconds: int) -> float:
    return timedelta(microseconds=nanoseconds / 1000) / timedelta(milliseconds=1)


def _call(operation: Operation) -> str:
    spelling = Spelling()
    return f"{spelling.request(operation.request)} → {spelling.answer(operation.answer)}"
