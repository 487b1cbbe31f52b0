"""The instruments."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from threading import Lock
from typing import TypeAlias

from opentelemetry.metrics import Histogram, Meter, MeterProvider

from lazyjobs.contract import InsertParams, Record
from lazyjobs.runner import Outcome
from lazyjobs.telemetry import _names as names
from lazyjobs.telemetry._depth import Depth
from lazyjobs.telemetry._series import OTHER, Series
from lazyjobs.telemetry._tally import Tally

_Tried: TypeAlias = tuple[str, str, str | None]
"""Queue, kind, and the error's type if there was one."""
_Ended: TypeAlias = tuple[str, str, Outcome]

_making = Lock()
_made: dict[MeterProvider, Instruments] = {}


class Instruments:
    """All that is measured, on one meter; no metric has more than `limit` series."""

    def __init__(self, meter: Meter, limit: int) -> None:
        send = {names.SYSTEM: names.LAZYJOBS, names.OPERATION: names.SEND}
        process = {names.SYSTEM: names.LAZYJOBS, names.OPERATION: names.PROCESS}
        queue_and_kind = (names.DESTINATION, names.KIND)
        self._sent = Tally(
            meter,
            "messaging.client.sent.messages",
            "{message}",
            "Jobs that were enqueued, or failed to be.",
            send,
            (*queue_and_kind, names.ERROR_TYPE),
        )
        self._consumed = Tally(
            meter,
            "messaging.client.consumed.messages",
            "{message}",
            "Attempts that were begun.",
            process,
            queue_and_kind,
        )
        self._attempts = Tally(
            meter, "lazyjobs.attempts", "{attempt}", "Attempts by outcome.", {}, (*queue_and_kind, names.OUTCOME)
        )
        self._takeovers = Tally(
            meter,
            "lazyjobs.takeovers",
            "{claim}",
            "Claims that took a record whose lease had ended, as after a crash.",
            {},
            queue_and_kind,
        )
        self._sending = _histogram(
            meter, "messaging.client.operation.duration", "How long enqueuing took.", names.DURATIONS
        )
        self._processing = _histogram(
            meter, "messaging.process.duration", "How long the work of an attempt took.", names.DURATIONS
        )
        self._latency = _histogram(
            meter, "lazyjobs.queue.latency", "From when a job was due until it was claimed.", names.LATENCIES
        )
        self.depth = Depth(meter, limit)
        self._sends = Series[_Tried]("messaging.client.sent.messages", limit, _join_tried)
        self._claims = Series[tuple[str, str]]("messaging.client.consumed.messages", limit, lambda _: (OTHER, OTHER))
        self._ends = Series[_Ended]("lazyjobs.attempts", limit, lambda values: (OTHER, OTHER, values[2]))
        self._works = Series[_Tried]("messaging.process.duration", limit, _join_tried)

    def sent(self, params: InsertParams, seconds: float, error_type: str | None) -> None:
        """A job was enqueued, or could not be."""
        values = self._sends.place((params.queue, params.kind, error_type))
        self._sent.add(*values)
        self._sending.record(seconds, _describe_send(*values))

    def begun(self, record: Record) -> None:
        """A claimed record is about to be run.

        Both times of the latency are those by which the backend decides what is due, so clocks of machines that differ
        do less harm: what is left is a due time that another machine's clock gave (`enqueue_in`, retries). Below zero
        counts as zero. A record whose worker died was due all the while.
        """
        values = self._claims.place((record.queue, record.kind))
        self._consumed.add(*values)
        if record.taken_from is not None:
            self._takeovers.add(*values)
        latency = max(0.0, (record.updated_at - record.run_at).total_seconds())
        self._latency.record(latency, _describe_wait(*values))

    def processed(self, record: Record, outcome: Outcome, seconds: float, error_type: str | None) -> None:
        """An attempt ended."""
        self._attempts.add(*self._ends.place((record.queue, record.kind, outcome)))
        tried = self._works.place((record.queue, record.kind, error_type))
        self._processing.record(seconds, _describe_process(*tried))


def _join_tried(values: _Tried) -> _Tried:
    return OTHER, OTHER, None if values[2] is None else OTHER


def instruments_of(provider: MeterProvider, limit: int) -> Instruments:
    """The instruments of a provider, which may have each of them but once; threads that come together get the same.

    The first to ask decides how many series a metric may have.
    """
    with _making:
        if provider not in _made:
            meter = provider.get_meter(names.LAZYJOBS, version(names.LAZYJOBS), names.SCHEMA)
            _made[provider] = Instruments(meter, limit)
        return _made[provider]


def _histogram(meter: Meter, name: str, description: str, boundaries: tuple[float, ...]) -> Histogram:
    return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=boundaries)


# The attributes of a recording are made once; nothing changes them.


@lru_cache(maxsize=1024)
def _describe_wait(queue: str, kind: str) -> dict[str, str]:
    return {names.DESTINATION: queue, names.KIND: kind}


@lru_cache(maxsize=1024)
def _describe_send(queue: str, kind: str, error_type: str | None) -> dict[str, str]:
    return _describe(names.SEND, queue, kind, error_type)


@lru_cache(maxsize=1024)
def _describe_process(queue: str, kind: str, error_type: str | None) -> dict[str, str]:
    return _describe(names.PROCESS, queue, kind, error_type)


def _describe(operation: str, queue: str, kind: str, error_type: str | None) -> dict[str, str]:
    attributes = {
        names.SYSTEM: names.LAZYJOBS,
        names.OPERATION: operation,
        names.DESTINATION: queue,
        names.KIND: kind,
    }
    return attributes if error_type is None else {**attributes, names.ERROR_TYPE: error_type}
