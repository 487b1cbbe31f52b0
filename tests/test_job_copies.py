"""A payload that says of which record it is a copy: whoever reads the job does not see it."""

import json
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

import tests.support.django_setup  # noqa: F401 (before any task)
from lazyjobs import BaseJob, InvalidJobError, Job, JobRunner
from lazyjobs.integrations.django._jobs import TaskJob
from lazyjobs.jobs import Registration, add_trace, copied_from, mark_copy, read_trace
from lazyjobs.jobs._members import RESERVED_MEMBERS, strip_members

MOST = 2**63 - 1
TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}

payloads = st.dictionaries(
    (st.text() | st.sampled_from(['"@requeue_of":7', "@requeue", "requeue_of"])).filter(
        lambda name: name not in RESERVED_MEMBERS
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just('{"@requeue_of":7}'),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["@requeue_of", "a"]), inner),
        max_leaves=5,
    ),
).map(lambda value: json.dumps(value, indent=1).encode())


@dataclass
class Plain(BaseJob):
    kind: ClassVar[str] = "plain"
    members: dict[str, int] = field(default_factory=dict)

    def work(self) -> None: ...


class Bare(BaseJob):
    kind: ClassVar[str] = "bare"

    def work(self) -> None: ...


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    kind: ClassVar[str] = "strict"
    number: int = 0

    def work(self) -> None: ...


class Tagged(msgspec.Struct, tag="tagged", forbid_unknown_fields=True):
    kind: ClassVar[str] = "tagged"
    number: int = 0

    def work(self) -> None: ...


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    kind: ClassVar[str] = "open"
    number: int = 0

    def work(self) -> None: ...


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: ClassVar[str] = "closed"
    number: int = 0

    def work(self) -> None: ...


JOBS = [Plain({"@requeue_of": 3}), Bare(), Strict(7), Tagged(7), Open(number=7), Closed(number=7)]


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.kind)
def test_a_job_comes_back_as_it_was_from_a_copy_and_from_a_copy_of_it(job: Job, traced: bool) -> None:
    codec = Registration(type(job)).codec
    payload = add_trace(codec.encode(job), TRACE) if traced else codec.encode(job)
    for id in (1, MOST):
        payload = mark_copy(payload, id)
        assert copied_from(payload) == id
        decoded = codec.decode(payload)
        assert vars(decoded) == vars(job) if hasattr(job, "__dict__") else decoded == job
        assert not getattr(decoded, "model_extra", None)
        assert read_trace(payload) == (TRACE if traced else {})


class Call(TaskJob):
    kind = "shop.call"
    job_queue = "default"
    job_max_attempts = 1


def test_a_task_of_django_comes_back_from_a_copy() -> None:
    codec = Registration(Call).codec
    job = Call(args=[1], kwargs={"@requeue_of": 2})
    assert codec.decode(mark_copy(codec.encode(job), 9)) == job


@given(payloads, st.integers(1, MOST), st.integers(1, MOST))
def test_the_mark_is_read_replaced_and_stripped_and_the_rest_is_kept(payload: bytes, first: int, second: int) -> None:
    assert copied_from(payload) is None
    once = mark_copy(payload, first)
    assert copied_from(once) == first
    again = mark_copy(once, second)
    assert copied_from(again) == second
    assert again == mark_copy(payload, second)
    assert json.loads(again) == {"@requeue_of": second, **json.loads(payload)}
    assert json.loads(strip_members(again)) == json.loads(payload)


@pytest.mark.parametrize("payload", [b"[7]", b'"{"', b"7", b"null", b" [\n]"])
def test_a_payload_that_is_no_object_stays_as_it_is(payload: bytes) -> None:
    assert mark_copy(payload, 7) is payload
    assert copied_from(payload) is None


@pytest.mark.parametrize(
    "payload",
    [b'{"@requeue_of":"7"}', b'{"@requeue_of":-7}', b'{"@requeue_of":7.5}', b'{"@requeue_of":12345678901234567890}'],
)
def test_a_mark_that_says_no_id_is_none(payload: bytes) -> None:
    assert copied_from(payload) is None
    assert Registration(Strict).codec.decode(payload) == Strict()


class Renamed(BaseModel):
    kind: ClassVar[str] = "renamed"
    original: Annotated[int, Field(alias="@requeue_of")] = 0

    def work(self) -> None: ...


def test_a_field_that_would_be_stored_as_the_mark_is_refused() -> None:
    with pytest.raises(InvalidJobError, match="which is kept for the id of the record that was requeued; rename it"):
        JobRunner("memory://", jobs=[Renamed])
