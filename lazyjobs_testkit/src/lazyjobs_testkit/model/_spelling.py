"""Calls and answers as text: the calls so that they can be pasted and run."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import MappingProxyType

import msgspec

from lazyjobs import Record
from lazyjobs_testkit.model import _answers as answers
from lazyjobs_testkit.model._requests import Request
from lazyjobs_testkit.model._span import tell_time

_NO_NAMES: Mapping[int, str] = MappingProxyType({})
_SECOND = timedelta(seconds=1)
_SHOWN = 8


class Spelling:
    """Writes calls for people to read; or, given an origin, as code in which `T` is that time.

    `names` are those that the code has for the ids.
    """

    def __init__(self, origin: datetime | None = None, names: Mapping[int, str] = _NO_NAMES) -> None:
        self._origin = origin
        self._names = names

    def request(self, request: Request) -> str:
        """The call, such as `claim(ClaimParams(now=T))`."""
        return f"{request.method}({', '.join(map(self._value, request.arguments()))})"

    def answer(self, answer: answers.Answer) -> str:
        """The answer in a few words."""
        match answer:
            case answers.Nothing():
                return "None"
            case answers.One(record):
                return self.record(record)
            case answers.Many(records):
                shown = [self.record(record) for record in records[:_SHOWN]]
                more = [f"and {len(records) - _SHOWN} more"] if len(records) > _SHOWN else []
                return f"[{'; '.join(shown + more)}]"
            case answers.Counts(stats):
                states = ", ".join(f"{number} {state}" for state, number in stats.by_state.items())
                return f"{stats.total} records ({states or 'none'})"
            case answers.Number(number):
                return str(number)
            case answers.Lost(found):
                return f"ClaimLostError (found: {found})"
            case answers.Unknown(error):
                return f"no answer: {error}"

    def record(self, record: Record) -> str:
        """The record's id, state and attempt, and what else may matter."""
        parts = [f"record {record.id} {record.state} at attempt {record.attempt}"]
        if record.lease_expires_at is not None:
            parts.append(f"lease until {self.time(record.lease_expires_at)}")
        if record.last_error:
            parts.append(f"last_error {record.last_error!r}")
        usual = {"abandoned": 0, "claimed_by": "", "taken_from": None, "spared": 0}
        told = {name: getattr(record, name) for name in usual}
        parts += [f"{name} {value!r}" for name, value in told.items() if value != usual[name]]
        return ", ".join(parts)

    def time(self, time: datetime) -> str:
        """The time, by its distance from the origin if there is one."""
        if self._origin is None:
            return tell_time(time)
        if time == self._origin:
            return "T"
        distance = time - self._origin
        sign = "+" if distance > timedelta(0) else "-"
        return f"T {sign} {self._duration(abs(distance))}"

    def _value(self, value: object) -> str:
        match value:
            case datetime():
                return self.time(value.astimezone(UTC))
            case timedelta():
                return self._duration(value)
            case Enum():
                return f"{type(value).__name__}.{value.name}"
            case frozenset():
                return f"{{{', '.join(sorted(map(self._value, value)))}}}"
            case tuple():
                return f"({', '.join(map(self._value, value))}{',' if len(value) == 1 else ''})"
            case msgspec.Struct():
                return self._struct(value)
        return repr(value)

    def _struct(self, value: msgspec.Struct) -> str:
        fields: list[str] = []
        for field in msgspec.structs.fields(value):
            content = getattr(value, field.name)
            if field.name == "id" and content in self._names:
                fields.append(f"id={self._names[content]}")
            elif content != field.default:
                fields.append(f"{field.name}={self._value(content)}")
        return f"{type(value).__name__}({', '.join(fields)})"

    def _duration(self, duration: timedelta) -> str:
        seconds = duration / _SECOND
        number = int(seconds) if seconds.is_integer() else seconds
        return f"{number} s" if self._origin is None else f"timedelta(seconds={number})"
