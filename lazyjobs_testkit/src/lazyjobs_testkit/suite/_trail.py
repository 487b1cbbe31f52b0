"""The calls a test made: recorded as they happen, told when it fails."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import Any, cast

import msgspec
from msgspec import Struct

from lazyjobs import (
    Backend,
    Record,
    SupportsClaimMany,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
    SupportsPrune,
    SupportsWait,
)

METHODS = ("insert", "claim", "complete", "retry", "discard", "list", "stats")
CAPABILITIES: dict[str, type] = {
    "extend": SupportsExtend,
    "insert_many": SupportsInsertMany,
    "claim_many": SupportsClaimMany,
    "finish_and_claim": SupportsFinishAndClaim,
    "wait": SupportsWait,
    "prune": SupportsPrune,
    "close": SupportsClose,
}
"""What a backend may offer, by the name of the one method that each protocol has."""

_SHOWN_ITEMS = 12
_SHOWN_LENGTH = 80


class Call(Struct, kw_only=True):
    """One call of a backend's method, and what came of it."""

    handle: str
    method: str
    arguments: tuple[object, ...]
    answer: object = None
    raised: BaseException | None = None
    ended: bool = False

    def __str__(self) -> str:
        arguments = ", ".join(
            _fields(argument) if isinstance(argument, Struct) else describe(argument) for argument in self.arguments
        )
        return f"{self.handle}.{self.method}({arguments}) → {self._outcome()}"

    def _outcome(self) -> str:
        if self.raised is not None:
            return f"raised {type(self.raised).__name__}: {_short(str(self.raised))}"
        return describe(self.answer) if self.ended else "(no answer yet)"


def observed_capabilities(backend: object) -> tuple[str, ...]:
    """The names of the optional methods that a backend offers."""
    return tuple(name for name, protocol in CAPABILITIES.items() if isinstance(backend, protocol))


def record_calls(backend: Backend, handle: str, trail: list[Call]) -> Backend:
    """`backend` behind a recorder that adds every call to `trail`; it has the same optional methods, and no others."""
    recorder = _recorder_class((*METHODS, *observed_capabilities(backend)))
    return cast(Backend, recorder(backend, handle, trail))


class _Recorder:
    def __init__(self, backend: Backend, handle: str, trail: list[Call]) -> None:
        self._backend = backend
        self._handle = handle
        self._trail = trail

    def _record(self, name: str, arguments: tuple[object, ...]) -> object:
        call = Call(handle=self._handle, method=name, arguments=arguments)
        self._trail.append(call)
        try:
            method: Callable[..., object] = getattr(self._backend, name)
            call.answer = method(*arguments)
        except BaseException as error:
            call.raised = error
            raise
        call.ended = True
        return call.answer


@lru_cache
def _recorder_class(names: tuple[str, ...]) -> type[_Recorder]:
    return type("RecordedBackend", (_Recorder,), {name: _recording(name) for name in names})


def _recording(name: str) -> Callable[..., object]:
    def method(self: _Recorder, *arguments: object) -> object:
        return self._record(name, arguments)

    return method


def describe(value: object) -> str:
    """`value` as a failure report shows it: short, with what is as usual left out."""
    match value:
        case Record():
            return f"Record({_fields(value)})"
        case msgspec.Struct():
            return f"{type(value).__name__}({_fields(value)})"
        case datetime():
            return _describe_time(value)
        case Enum():
            return str(value)
        case str() | bytes():
            return _short(repr(value))
        case dict():
            return "{" + ", ".join(f"{describe(key)}: {describe(item)}" for key, item in value.items()) + "}"
        case Sequence():
            shown = [describe(item) for item in islice(value, _SHOWN_ITEMS)]
            more = [f"… and {len(value) - _SHOWN_ITEMS} more"] if len(value) > _SHOWN_ITEMS else []
            return f"[{', '.join([*shown, *more])}]"
    return _short(str(value) if isinstance(value, type(None) | bool | int) else repr(value))


def _fields(value: Struct) -> str:
    """The fields of a struct that are not as usual."""
    usual: dict[str, Any] = {field.name: field.default for field in msgspec.structs.fields(value)}
    if isinstance(value, Record):
        usual |= _USUAL_RECORD
    items = msgspec.structs.asdict(value).items()
    return ", ".join(f"{name}={describe(item)}" for name, item in items if name not in usual or item != usual[name])


_USUAL_RECORD = {"kind": "kit.example", "queue": "default", "payload": b"{}", "max_attempts": 25}


def _describe_time(value: datetime) -> str:
    if value.tzinfo is not UTC and value.utcoffset() is None:
        return f"{value.isoformat()} (naive)"
    utc = value.astimezone(UTC)
    today: date = datetime.now(UTC).date()
    return f"{utc:%H:%M:%S.%f}" if utc.date() == today else f"{utc:%Y-%m-%dT%H:%M:%S.%fZ}"


def _short(text: str) -> str:
    shown = text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}… ({len(text)} characters)"
    return printable(shown)


def printable(text: str) -> str:
    """`text` with what cannot be written as UTF-8 spelled out: an error text may hold lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()
