"""The trace context beside a job's fields: added, read, and never seen by the job."""

import json
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from lazyjobs import BaseJob, InvalidJobError, Job, JobRunner
from lazyjobs.jobs import Registration, add_trace, read_trace
from lazyjobs.jobs._members import RESERVED_MEMBERS, strip_members

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = {"traceparent": PARENT, "tracestate": 'vendor=a"b'}

payloads = st.dictionaries(
    (st.text() | st.sampled_from(["x,", '"@trace', '@trace"', "@tracestate:"])).filter(
        lambda name: name not in RESERVED_MEMBERS
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just('"@traceparent":"x"'),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["@traceparent", "a"]), inner),
        max_leaves=5,
    ),
).map(lambda value: json.dumps(value).encode())


@dataclass
class Plain(BaseJob):
    kind: ClassVar[str] = "plain"
    number: int = 0

    def work(self) -> None: ...


class Bare(BaseJob):
    kind: ClassVar[str] = "bare"

    def work(self) -> None: ...


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    kind: ClassVar[str] = "strict"
    number: int = 0

    def work(self) -> None: ...


class Listed(msgspec.Struct, array_like=True):
    kind: ClassVar[str] = "listed"
    number: int = 0

    def work(self) -> None: ...


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    kind: ClassVar[str] = "open"
    number: int = 0

    def work(self) -> None: ...


@pytest.mark.parametrize("job", [Plain(7), Bare(), Strict(7), Open(number=7)], ids=lambda job: job.kind)
def test_a_job_comes_back_as_it_was_whatever_travelled_with_it(job: Job) -> None:
    codec = Registration(type(job)).codec
    carried = add_trace(codec.encode(job), TRACE)
    assert read_trace(carried) == TRACE
    decoded = codec.decode(carried)
    assert vars(decoded) == vars(job) if hasattr(job, "__dict__") else decoded == job
    assert not getattr(decoded, "model_extra", None)


def test_a_payload_that_is_no_object_carries_nothing() -> None:
    payload = Registration(Listed).codec.encode(Listed(7))
    assert add_trace(payload, TRACE) == payload == b"[7]"


def test_other_headers_do_not_travel() -> None:
    assert add_trace(b"{}", {"baggage": "user=1"}) == b"{}"
    assert add_trace(b"{}", {"baggage": "user=1", "traceparent": PARENT}) == b'{"@traceparent":"%b"}' % PARENT.encode()


@given(payloads)
def test_what_was_added_is_read_and_stripped_again(payload: bytes) -> None:
    carried = add_trace(payload, TRACE)
    assert read_trace(carried) == TRACE
    assert json.loads(strip_members(carried)) == json.loads(payload)


@given(payloads)
def test_a_payload_without_a_trace_is_not_touched(payload: bytes) -> None:
    assert strip_members(payload) is payload
    assert read_trace(payload) == {}


@pytest.mark.parametrize(
    "payload",
    [b'{"@traceparent":1}', b'{"@traceparent":"\xff"}', b'["@traceparent"]', b'{"@traceparent":', b'"@trace"'],
)
def test_a_trace_that_cannot_be_read_is_none(payload: bytes) -> None:
    assert read_trace(payload) == {}


@pytest.mark.parametrize("payload", [b'{"number":3,"@traceparent":"%b"}', b'{ "@traceparent" : "%b", "number": 3}'])
def test_a_trace_may_stand_anywhere_among_the_fields(payload: bytes) -> None:
    written = payload % PARENT.encode()
    assert Registration(Strict).codec.decode(written) == Strict(3)
    assert read_trace(written) == {"traceparent": PARENT}


def test_an_ill_typed_trace_is_stripped_all_the_same() -> None:
    assert Registration(Strict).codec.decode(b'{"@traceparent":1,"number":3}') == Strict(3)


class Renamed(msgspec.Struct, rename={"parent": "@traceparent"}):
    kind: ClassVar[str] = "renamed"
    parent: str = ""

    def work(self) -> None: ...


class Aliased(BaseModel):
    kind: ClassVar[str] = "aliased"
    state: Annotated[str, Field(alias="@tracestate")] = ""

    def work(self) -> None: ...


@pytest.mark.parametrize(("cls", "name"), [(Renamed, "@traceparent"), (Aliased, "@tracestate")])
def test_a_field_that_would_be_stored_as_a_trace_is_refused(cls: type[Job], name: str) -> None:
    with pytest.raises(InvalidJobError, match=f"stored as '{name}', which is kept for the trace context; rename it"):
        JobRunner("memory://", jobs=[cls])


@dataclass
class Nested(BaseJob):
    kind: ClassVar[str] = "nested"
    members: dict[str, str] = field(default_factory=dict)

    def work(self) -> None: ...


def test_members_of_that_name_deeper_down_are_the_jobs_own() -> None:
    codec = Registration(Nested).codec
    job = Nested({"@traceparent": "mine"})
    assert codec.decode(codec.encode(job)) == job
    assert codec.decode(add_trace(codec.encode(job), TRACE)) == job
