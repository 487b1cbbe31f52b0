"""What hypothesis draws for parameters: all that the contract allows, up to its bounds."""

import json
import string
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import settings
from hypothesis import strategies as st

random = settings(max_examples=60, derandomize=False, print_blob=True, deadline=None)
"""Other cases at each run; what fails is printed with the blob that repeats it."""

MAX_ID = 2**63 - 1
LONGEST = timedelta(days=366)
TICK = timedelta(microseconds=1)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2201, 1, 1, tzinfo=UTC) - TICK

_DAY = timedelta(hours=24) - TICK


def _naive(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


names = st.text(string.ascii_letters + string.digits + "._:/-", min_size=1, max_size=100)
queues = st.lists(names, min_size=1, max_size=4).map(tuple)
ids = st.integers(1, MAX_ID)
texts = st.text(st.characters(exclude_categories=()))
"""Any string at all: NUL, lone surrogates and what no character was assigned to included."""
leases = st.timedeltas(TICK, LONGEST)
zones = st.timedeltas(-_DAY, _DAY).map(timezone)
times = st.builds(
    lambda time, zone: time.replace(tzinfo=UTC).astimezone(zone),
    st.datetimes(_naive(EARLIEST), _naive(LATEST)),
    zones,
)
_numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_json_values = st.recursive(
    st.none() | st.booleans() | _numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


def _spell(value: object, escaped: bool) -> bytes:
    return json.dumps(value, ensure_ascii=escaped).encode()


payloads = st.builds(_spell, _json_values, st.booleans())
