"""The trace context that travels in a payload, as reserved members before the job's fields.

The values are those of the headers of W3C Trace Context (https://www.w3.org/TR/trace-context/). Where such members
stand means nothing to those who read them.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

_MARK = b'"@trace'


class _Trace(Struct, frozen=True, rename={"traceparent": "@traceparent", "tracestate": "@tracestate"}):
    traceparent: str = ""
    tracestate: str = ""


_trace = msgspec.json.Decoder(_Trace)


def add_trace(payload: bytes, trace: Mapping[str, str]) -> bytes:
    """`payload` with the `traceparent` and `tracestate` of `trace`; unchanged if it is no JSON object."""
    added = [
        b'"@%b":%b' % (name.encode(), msgspec.json.encode(trace[name]))
        for name in ("traceparent", "tracestate")
        if trace.get(name)
    ]
    if not added or not payload.startswith(b"{"):
        return payload
    return b"{%b%b%b" % (b",".join(added), b"" if payload == b"{}" else b",", payload[1:])


def read_trace(payload: bytes) -> dict[str, str]:
    """The `traceparent` and `tracestate` that `payload` carries, as far as it does."""
    if _MARK not in payload:
        return {}
    try:
        found = _trace.decode(payload)
    except ValueError:  # of msgspec, or of text that is not UTF-8
        return {}
    return {name: value for name in ("traceparent", "tracestate") if (value := getattr(found, name))}
