"""What an assertion says when it fails: what was enqueued instead, and where it differs."""

from collections.abc import Sequence
from datetime import datetime

from lazyjobs import Job, State
from lazyjobs_testkit.jobs._entry import Enqueued, show_job, show_record
from lazyjobs_testkit.jobs._wanted import Wanted

_MOST = 20
_BECAME = {
    None: "was enqueued",
    State.SUCCEEDED: "succeeded",
    State.RETRYING: "is retrying",
    State.DISCARDED: "was discarded",
}


def describe_missing(wanted: Wanted, entries: Sequence[Enqueued[Job]], now: datetime) -> str:
    """Why nothing is what is wanted: the nearest jobs first, each with its differences, then those of other classes."""
    missing = f"no {wanted} {_BECAME[wanted.state]}"
    if not entries:
        return f"{missing}; nothing was enqueued at all"
    alike = [(entry, wanted.differences(entry)) for entry in entries if wanted.is_of_kind(entry)]
    alike.sort(key=lambda found: len(found[1]))
    others = [(entry, list[str]()) for entry in entries if not wanted.is_of_kind(entry)]
    return _list(f"{missing}; what was enqueued:", [*alike, *others], now)


def describe_count(wanted: Wanted, count: int, found: Sequence[Enqueued[Job]], now: datetime) -> str:
    """Why the number of those found is the wrong one."""
    return _list(f"{len(found)} of {wanted} were enqueued, not {count}:", [(entry, []) for entry in found], now)


def describe_unwanted(wanted: Wanted, found: Sequence[Enqueued[Job]], now: datetime) -> str:
    """That something was enqueued which should not have been."""
    return _list(f"{wanted} was enqueued:", [(entry, []) for entry in found], now)


def _list(title: str, found: Sequence[tuple[Enqueued[Job], list[str]]], now: datetime) -> str:
    lines = [title]
    for entry, differences in found[:_MOST]:
        lines.append(f"  {show_job(entry.job)} {show_record(entry.record, now)}")
        lines += (f"    {difference}" for difference in differences)
    if len(found) > _MOST:
        lines.append(f"  and {len(found) - _MOST} more")
    return "\n".join(lines)
