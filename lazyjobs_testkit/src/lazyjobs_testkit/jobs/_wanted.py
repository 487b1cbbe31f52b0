"""What a test says of a job, and where a job differs from it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lazyjobs import Job, State
from lazyjobs.jobs import field_names
from lazyjobs_testkit.jobs._entry import Enqueued, show_job


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; None asks for nothing. Fields are compared with `==`, by the value that was wanted."""

    kind: type[Job] | None
    fields: Mapping[str, object]
    queue: str | None = None
    run_at: datetime | None = None
    delay: timedelta | None = None
    within: timedelta | None = None
    count: int | None = None
    state: State | None = None
    attempt: int | None = None
    error: str | None = None

    def is_of_kind(self, entry: Enqueued[Job]) -> bool:
        """Whether the job is of the class at all."""
        return self.kind is None or isinstance(entry.job, self.kind)

    def differences(self, entry: Enqueued[Job]) -> list[str]:
        """Where the job differs, one line each; none if it is what is wanted."""
        return [*self._in_fields(entry.job), *self._in_record(entry)]

    def _in_fields(self, job: Job) -> Iterator[str]:
        for name, wanted in self.fields.items():
            value = getattr(job, name)
            if not wanted == value:  # noqa: SIM201 (the wanted value decides, as mock.ANY does)
                yield f"{name} is {value!r}, not {wanted!r}"

    def _in_record(self, entry: Enqueued[Job]) -> Iterator[str]:
        record = entry.record
        due, delay = entry.first_due, entry.first_due - record.created_at
        within = self.within or timedelta(0)
        if self.queue is not None and record.queue != self.queue:
            yield f"the queue is {record.queue!r}, not {self.queue!r}"
        if self.run_at is not None and abs(due - self.run_at) > within:
            yield f"run_at is {due}, not {self.run_at}{self._margin()}"
        if self.delay is not None and abs(delay - self.delay) > within:
            yield f"the delay is {delay}, not {self.delay}{self._margin()}"
        if self.state is not None and record.state is not self.state:
            yield f"the state is {record.state}, not {self.state}"
        if self.attempt is not None and record.attempt != self.attempt:
            yield f"it had {record.attempt} attempts, not {self.attempt}"
        if self.error is not None and self.error not in record.last_error:
            yield f"the last error is {record.last_error!r}, without {self.error!r}"

    def _margin(self) -> str:
        return f" (within {self.within})" if self.within else ""

    def __str__(self) -> str:
        name = "job" if self.kind is None else self.kind.__name__
        said = [f"{field}={value!r}" for field, value in self.fields.items()]
        for option in ("queue", "run_at", "delay", "attempt", "error"):
            value = getattr(self, option)
            if value is not None:
                said.append(f"{option}={value!r}" if isinstance(value, str) else f"{option}={value}")
        return f"{name} with {', '.join(said)}" if said else name


def want(
    job: Job | type[Job] | None,
    named: Mapping[str, object],
    fields: Mapping[str, object] | None,
    state: State | None = None,
    **options: object,
) -> Wanted:
    """What the arguments of an assertion ask for.

    `named` are the fields given as keywords, `fields` those given as a mapping. Raises TypeError for a field that the
    class does not have, for an option that is the name of a field too, and for a time without a zone.
    """
    __tracebackhide__ = True
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(run_at := given.get("run_at"), datetime) and run_at.tzinfo is None:
        raise TypeError(f"run_at={run_at} has no time zone; write datetime(…, tzinfo=UTC)")
    kind = job if job is None or isinstance(job, type) else type(job)
    names = () if kind is None else field_names(kind)
    wanted = {**(fields or {}), **named}
    if kind is not None and job is not kind:
        if wanted:
            raise TypeError(f"{show_job(job)} says all of its fields already; give the class to say only some")  # type: ignore[arg-type]
        wanted = {name: getattr(job, name) for name in names}
    elif fields is None:
        _check_unambiguous(kind, names, given)
    _check_known(kind, names, wanted)
    return Wanted(kind=kind, fields=wanted, state=state, **given)  # type: ignore[arg-type]


def _check_known(kind: type[Job] | None, names: Collection[str], wanted: Collection[str]) -> None:
    __tracebackhide__ = True
    for name in wanted:
        if name not in names:
            what = "a job of any class" if kind is None else kind.__name__
            raise TypeError(f"{what} has no field {name!r}; its fields: {', '.join(names) or 'none'}")


def _check_unambiguous(kind: type[Job] | None, names: Collection[str], options: Collection[str]) -> None:
    __tracebackhide__ = True
    for name in options:
        if kind is not None and name in names:
            raise TypeError(
                f"{name} is a field of {kind.__name__} and an option too; give the fields as fields={{…}}, and then "
                f"{name}= is the option"
            )
