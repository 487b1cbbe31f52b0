"""The calls a test made: recorded as they happen, told when it fails."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import cast

import msgspec
from msgspec import Struct

from lazyjobs import (
    Backend,
    Record,
    State,
    Stats,
    SupportsClaimMany,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
    SupportsNow,
    SupportsPrune,
    SupportsWait,
)
from lazyjobs.texts import visible

METHODS = ("insert", "claim", "complete", "retry", "discard", "list", "stats")
CAPABILITIES: dict[str, type] = {
    "extend": SupportsExtend,
    "insert_many": SupportsInsertMany,
    "claim_many": SupportsClaimMany,
    "finish_and_claim": SupportsFinishAndClaim,
    "wait": SupportsWait,
    "now": SupportsNow,
    "prune": SupportsPrune,
    "close": SupportsClose,
}
"""What a backend may offer, by the name of the one method that each protocol has."""

_SHOWN_ITEMS = 6
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
        # Only a single argument goes without its type: of several, one may be the parameters of any of three verbs.
        describe_each = _describe_argument if len(self.arguments) == 1 else describe
        return f"{self.handle}.{self.method}({', '.join(map(describe_each, self.arguments))}) → {self._outcome()}"

    def _outcome(self) -> str:
        if self.raised is not None:
            return f"raised {type(self.raised).__name__}: {_short(str(self.raised))}"
        if self.method == "insert" and isinstance(self.answer, Record):
            return f"Record({_describe_inserted(self.answer, self.arguments[0])})"
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
            answer = method(*arguments)
        except BaseException as error:
            call.raised = error
            raise
        call.answer, call.ended = _as_it_is(answer), True
        return answer


def _as_it_is(answer: object) -> object:
    """A copy, which stays as it is whatever becomes of what was handed out."""
    if isinstance(answer, Stats):
        changes = {name: _as_it_is(getattr(answer, name)) for name in answer.__struct_fields__}
        return msgspec.structs.replace(answer, **changes)
    if isinstance(answer, Record):
        return msgspec.structs.replace(answer)
    if isinstance(answer, dict):
        return {key: _as_it_is(value) for key, value in answer.items()}
    return [_as_it_is(each) for each in answer] if isinstance(answer, list) else answer


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
            return f"Record({_describe_fields(value, _usual_record(value))})"
        case Struct():
            return f"{type(value).__name__}({_describe_fields(value, _defaults(value))})"
        case datetime():
            return _describe_time(value)
        case Enum() | timedelta() | int() | None:
            return _short(str(value))
        case dict():
            return "{" + ", ".join(f"{describe(key)}: {describe(item)}" for key, item in value.items()) + "}"
        case frozenset():
            return "{" + ", ".join(sorted(map(describe, value))) + "}"
        case list() | tuple():
            shown = [describe(item) for item in value[:_SHOWN_ITEMS]]
            more = [f"… and {len(value) - _SHOWN_ITEMS} more"] if len(value) > _SHOWN_ITEMS else []
            return f"[{', '.join([*shown, *more])}]"
    return _short(repr(value))


def _describe_argument(argument: object) -> str:
    if isinstance(argument, Struct):
        return _describe_fields(argument, _defaults(argument))
    return describe(argument)


def _describe_inserted(record: Record, params: object) -> str:
    """The fields of a new record that the parameters of its insert do not tell already."""
    told = msgspec.structs.asdict(params) if isinstance(params, Struct) else {}
    return _describe_fields(record, {**_usual_record(record), "state": State.PENDING, "attempt": 0, **told})


def _describe_fields(value: Struct, usual: Mapping[str, object]) -> str:
    items = msgspec.structs.asdict(value).items()
    return ", ".join(f"{name}={describe(item)}" for name, item in items if name not in usual or item != usual[name])


def _defaults(value: Struct) -> dict[str, object]:
    return {field.name: field.default for field in msgspec.structs.fields(value)}


def _usual_record(record: Record) -> dict[str, object]:
    usual = {"kind": "kit.example", "queue": "default", "payload": b"{}", "max_attempts": 25}
    return {**_defaults(record), **usual, "created_at": record.updated_at}


def _describe_time(value: datetime) -> str:
    if value.utcoffset() is None:
        return f"{value.isoformat()} (naive)"
    if value.utcoffset():
        return value.isoformat(" ")
    utc = value.astimezone(UTC)
    time = f"{utc:%H:%M:%S}" if not utc.microsecond else f"{utc:%H:%M:%S.%f}"
    return time if utc.date() == datetime.now(UTC).date() else f"{utc:%Y-%m-%d} {time}"


def _short(text: str) -> str:
    shown = text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}… ({len(text)} characters)"
    return printable(shown)


def printable(text: str) -> str:
    """`text`, which may come from outside, fit to be shown; its lines stay lines."""
    return visible(text, spare="\n")
