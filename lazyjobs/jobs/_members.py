"""The members of a payload that are not the job's: they stand before its fields, and no job sees them.

Where such members stand means nothing to those who read them, but that a copy is known by its first one.
"""

import re

import msgspec
from msgspec import Raw

RESERVED_MEMBERS = {
    "@traceparent": "the trace context",
    "@tracestate": "the trace context",
    "@requeue_of": "the id of the record that was requeued",
}
"""And what each is kept for."""

_MARK = re.compile(rb'"@(?:trace|requeue_of")')
_OPENED = re.compile(rb"[ \t\r\n]*\{")
_EMPTY = re.compile(rb"[ \t\r\n]*\}")
_COPY = re.compile(rb'"@requeue_of":([0-9]{1,19})(?:,|(?=\}))')

_members = msgspec.json.Decoder(dict[str, Raw])


def strip_members(payload: bytes) -> bytes:
    """`payload` without reserved members: the job's fields alone."""
    if not _MARK.search(payload):
        return payload
    try:
        members = _members.decode(payload)
    except ValueError:  # what is wrong with it is for whoever decodes the fields to say
        return payload
    if not any(name in members for name in RESERVED_MEMBERS):
        return payload
    return msgspec.json.encode({name: value for name, value in members.items() if name not in RESERVED_MEMBERS})


def mark_copy(payload: bytes, id: int) -> bytes:
    """The payload for a copy of the record `id`: it says so, and is otherwise the same to the byte.

    What `payload` says about itself is replaced. Unchanged if it is no JSON object, which has no room for that.
    """
    opened = _OPENED.match(payload)
    if opened is None:
        return payload
    begin, rest = opened[0], payload[opened.end() :]
    if found := _COPY.match(rest):
        rest = rest[found.end() :]
    return b'%b"@requeue_of":%d%b%b' % (begin, id, b"" if _EMPTY.match(rest) else b",", rest)


def copied_from(payload: bytes) -> int | None:
    """The id of the record of which `payload` says that it is a copy."""
    opened = _OPENED.match(payload)
    found = opened and _COPY.match(payload, opened.end())
    return int(found[1]) if found else None
