"""What a test asserts of the jobs that were enqueued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeVar, cast

from lazyjobs import Job, State
from lazyjobs_testkit.jobs._entry import Enqueued
from lazyjobs_testkit.jobs._findings import describe_count, describe_missing, describe_unwanted
from lazyjobs_testkit.jobs._listing import Listing
from lazyjobs_testkit.jobs._wanted import Wanted, want

J = TypeVar("J", bound=Job)


class Assertions(Listing):
    """Each takes a job, all of whose fields must be equal, or a class and the fields that matter.

    Fields are compared with `==`, so `mock.ANY` and `pytest.approx` work. A field that the class does not have is a
    TypeError, never a silent mismatch. When a field has the name of an option, give the fields as `fields={…}`. What
    was enqueued counts whatever has become of it since.
    """

    def assert_enqueued(
        self,
        job: type[J] | J,
        /,
        *,
        queue: str | None = None,
        run_at: datetime | None = None,
        delay: timedelta | None = None,
        within: timedelta | None = None,
        count: int | None = None,
        fields: Mapping[str, object] | None = None,
        **named: object,
    ) -> Enqueued[J]:
        """At least one such job was enqueued, or `count` of them; returns the first, with its record.

        `queue` is where it went, `run_at` when it was to run, `delay` how long after it was enqueued that is, zero for
        at once; both by the test's clock, and to be met exactly, or `within` the time given.
        """
        __tracebackhide__ = True
        if count is not None and count < 1:
            raise ValueError(f"count must be at least 1, not {count}; assert_not_enqueued says that there is none")
        wanted = want(job, named, fields, queue=queue, run_at=run_at, delay=delay, within=within, count=count)
        return cast("Enqueued[J]", self._require(wanted))

    def assert_not_enqueued(
        self,
        job: type[Job] | Job | None = None,
        /,
        *,
        queue: str | None = None,
        fields: Mapping[str, object] | None = None,
        **named: object,
    ) -> None:
        """No such job was enqueued; without a job or class, none at all."""
        __tracebackhide__ = True
        wanted = want(job, named, fields, queue=queue)
        if found := self._find(wanted):
            raise AssertionError(describe_unwanted(wanted, found, self._clock.now))

    def assert_succeeded(
        self,
        job: type[J] | J,
        /,
        *,
        attempt: int | None = None,
        fields: Mapping[str, object] | None = None,
        **named: object,
    ) -> Enqueued[J]:
        """Such a job ran to its end, at that attempt if one is given; returns the first, with its record."""
        __tracebackhide__ = True
        wanted = want(job, named, fields, State.SUCCEEDED, attempt=attempt)
        return cast("Enqueued[J]", self._require(wanted))

    def assert_retrying(
        self,
        job: type[J] | J,
        /,
        *,
        attempt: int | None = None,
        error: str | None = None,
        fields: Mapping[str, object] | None = None,
        **named: object,
    ) -> Enqueued[J]:
        """Such a job failed, at that attempt and with that text in its error if given, and is to run again."""
        __tracebackhide__ = True
        wanted = want(job, named, fields, State.RETRYING, attempt=attempt, error=error)
        return cast("Enqueued[J]", self._require(wanted))

    def assert_discarded(
        self,
        job: type[J] | J,
        /,
        *,
        attempt: int | None = None,
        error: str | None = None,
        fields: Mapping[str, object] | None = None,
        **named: object,
    ) -> Enqueued[J]:
        """Such a job was given up, at that attempt and with that text in its error if given."""
        __tracebackhide__ = True
        wanted = want(job, named, fields, State.DISCARDED, attempt=attempt, error=error)
        return cast("Enqueued[J]", self._require(wanted))

    def _require(self, wanted: Wanted) -> Enqueued[Job]:
        __tracebackhide__ = True
        found = self._find(wanted)
        if not found:
            raise AssertionError(describe_missing(wanted, self._entries(), self._clock.now))
        if wanted.count is not None and len(found) != wanted.count:
            raise AssertionError(describe_count(wanted, wanted.count, found, self._clock.now))
        return found[0]

    def _find(self, wanted: Wanted) -> list[Enqueued[Job]]:
        __tracebackhide__ = True
        return [each for each in self._entries(wanted.kind) if wanted.is_of_kind(each) and not wanted.differences(each)]
