"""Counters that are read when metrics are collected; counting costs a fraction of what recording in the SDK does."""

from collections.abc import Iterator, Mapping
from threading import Lock

from opentelemetry.metrics import CallbackOptions, Meter, Observation


class Tally:
    """A counter with some attributes that are always the same, and some that vary and may be absent."""

    def __init__(
        self, meter: Meter, name: str, unit: str, description: str, same: Mapping[str, str], varying: tuple[str, ...]
    ) -> None:
        self._same = same
        self._varying = varying
        self._lock = Lock()
        self._counts: dict[tuple[str | None, ...], int] = {}
        meter.create_observable_counter(name, [self._observe], unit, description)

    def add(self, *values: str | None) -> None:
        """Counts one more with these values of the varying attributes; None is an attribute that is absent."""
        with self._lock:
            self._counts[values] = self._counts.get(values, 0) + 1

    def _observe(self, _: CallbackOptions) -> Iterator[Observation]:
        with self._lock:
            counts = list(self._counts.items())
        for values, count in counts:
            named = zip(self._varying, values, strict=True)
            yield Observation(count, {**self._same, **{name: value for name, value in named if value is not None}})
