"""The policies permit a role what it does, and nothing of what the others do, as far as moto enforces them.

moto compares actions and knows no resources, so here every statement is for all of them.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from aws_support.place import REGION, Place
from moto.core.authorization import enable_iam_authentication

from lazyjobs import (
    BackendError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    PruneParams,
    RetryParams,
    WaitParams,
)
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._policies import ROLES, make_policy

Act = Callable[[AwsBackend, Place], object]
_numbers = count(1)


def _finish(backend: AwsBackend, place: Place) -> None:
    for finish in (CompleteParams, RetryParams, DiscardParams):
        record = backend.claim(ClaimParams(now=place.now() + timedelta(days=1)))
        assert record is not None
        backend.extend(ExtendParams(id=record.id, attempt=record.attempt))
        if finish is CompleteParams:
            backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        elif finish is RetryParams:
            backend.retry(RetryParams(id=record.id, attempt=record.attempt))
        else:
            backend.discard(DiscardParams(id=record.id, attempt=record.attempt))


ACTS: dict[str, Act] = {
    "producer": lambda backend, _: backend.insert_many([InsertParams(kind="greet")] * 2),
    "worker": _finish,
    "viewer": lambda backend, _: (backend.list(), backend.stats()),
    "operator": lambda backend, place: backend.prune(PruneParams(finished_before=place.now() + timedelta(days=2))),
}


@pytest.fixture(params=[False, True], ids=["no feed", "feed"])
def stocked(request: pytest.FixtureRequest, emulated: None) -> Iterator[Place]:
    """A namespace with due jobs and finished ones."""
    place = Place(f"policies{next(_numbers)}", layout=Layout(feed=request.param))
    place.create()
    backend = place.open()
    backend.insert_many([InsertParams(kind="greet", payload=b'"' + b"x" * size + b'"') for size in (1, 3000, 1, 3000)])
    for record in backend.claim_many(ClaimParams(), 2):
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    backend.insert_many([InsertParams(kind="greet")] * 3)
    yield place
    place.remove()


def session_of(place: Place, role: str) -> boto3.Session:
    """The credentials of a user who has nothing but the role's policy."""
    iam, name = place.client("iam"), f"{role}-{next(_numbers)}"
    iam.create_user(UserName=name)
    policy = make_policy(place.address, role)
    policy["Statement"] = [{**statement, "Resource": "*"} for statement in policy["Statement"]]
    iam.put_user_policy(UserName=name, PolicyName=role, PolicyDocument=json.dumps(policy))
    key: dict[str, Any] = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)


@pytest.mark.parametrize("act", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_its_own_part_and_no_other(stocked: Place, role: str, act: str) -> None:
    session = session_of(stocked, role)
    backend = AwsBackend(REGION, stocked.prefix, options=Options(attempts=1), session=session, clock=stocked.now)
    with enable_iam_authentication():
        # An operator may query only the feed, and so cannot claim; but moto knows no resources.
        if role == act or (role, act) in {("operator", "viewer"), ("operator", "worker")}:
            ACTS[act](backend, stocked)
        else:
            with pytest.raises(BackendError, match=r"(?s)not permitted.*lazyjobs-aws policy"):
                ACTS[act](backend, stocked)


def test_no_policy_permits_anything_beyond_its_namespace(emulated: None) -> None:
    address = Place("shop").address
    for role in ROLES:
        for statement in make_policy(address, role)["Statement"]:
            assert "*" not in "".join(statement["Action"])
            assert statement["Resource"].rpartition(":")[2].removeprefix("table/").startswith("shop--")


def test_a_worker_may_wait(stocked: Place) -> None:
    backend = AwsBackend(REGION, stocked.prefix, session=session_of(stocked, "worker"), clock=stocked.now)
    with enable_iam_authentication():
        assert backend.wait(WaitParams(timeout=timedelta(0)))
