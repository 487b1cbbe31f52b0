"""What can pass by itself is a `BackendUnavailableError`, and nothing else is."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aws_support.place import Place
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from lazyjobs import BackendError, BackendUnavailableError, ClaimParams, InsertParams
from lazyjobs_aws import AwsBackend
from lazyjobs_aws._address import Address
from lazyjobs_aws._errors import translated
from lazyjobs_aws._provision import Provisioner

ADDRESS = Address("eu-west-1", "shop")
NOWHERE = "http://127.0.0.1:9"


def answer(code: str, status: int = 400, message: str = "no", reasons: tuple[str, ...] = ()) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "PutItem")


def raised_for(error: Exception) -> BackendError:
    with pytest.raises(BackendError) as caught, translated(ADDRESS, "inserting"):
        raise error
    assert caught.value.__cause__ is error
    assert "inserting" in str(caught.value)
    return caught.value


PASSING = [
    *map(
        answer,
        (
            "ProvisionedThroughputExceededException",
            "ThrottlingException",
            "Throttling",
            "RequestLimitExceeded",
            "RequestThrottled",
            "LimitExceededException",
            "com.amazon.coral.service#ThrottlingException",
            "ReplicatedWriteConflictException",
            "TransactionConflictException",
            "TransactionInProgressException",
            "ResourceInUseException",
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "RequestTimeoutException",
            "KmsThrottled",
            "OverLimit",
            "QueueDeletedRecently",
            "IDPCommunicationError",
        ),
    ),
    answer("InternalServerError", 500),
    answer("InternalFailure", 500),
    answer("ServiceUnavailable", 503),
    answer("503", 503),
    answer("429", 429),
    answer("ValidationException", message="Cannot read from backfilling global secondary index: due-v1x1"),
    answer("InvalidSignatureException", 403, "Signature expired: 20261130T000000Z is now earlier than …"),
    answer("TransactionCanceledException", reasons=("None", "TransactionConflict")),
    answer("TransactionCanceledException", reasons=("ThrottlingError", "ProvisionedThroughputExceeded")),
    exceptions.EndpointConnectionError(endpoint_url=NOWHERE),
    exceptions.ConnectTimeoutError(endpoint_url=NOWHERE),
    exceptions.ReadTimeoutError(endpoint_url=NOWHERE),
    exceptions.ConnectionClosedError(endpoint_url=NOWHERE),
    exceptions.ProxyConnectionError(proxy_url=NOWHERE),
    exceptions.SSLError(endpoint_url=NOWHERE, error="EOF occurred in violation of protocol"),
    exceptions.HTTPClientError(error="broken pipe"),
    exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    exceptions.CredentialRetrievalError(provider="iam", error_msg="no"),
    exceptions.MetadataRetrievalError(error_msg="no"),
    exceptions.TokenRetrievalError(provider="sso", error_msg="no"),
    exceptions.UnauthorizedSSOTokenError(),
    exceptions.WaiterError("TableExists", "Max attempts exceeded", {"Table": {"TableStatus": "CREATING"}}),
    ResponseParserError("not JSON"),
    OSError(errno.EMFILE, "too many open files"),
]
LASTING = [
    (answer("ResourceNotFoundException"), "lazyjobs-aws create 'sqs+dynamodb://eu-west-1/shop'"),
    (
        answer("ValidationException", message="The table does not have the specified index: due-v1x1"),
        "lazyjobs-aws check",
    ),
    (answer("ValidationException"), "was refused"),
    (answer("ItemCollectionSizeLimitExceededException"), "was refused"),
    (answer("IdempotentParameterMismatchException"), "was refused"),
    (answer("TransactionCanceledException", reasons=("TransactionConflict", "ValidationError")), "was refused"),
    (answer("TransactionCanceledException", reasons=("None",)), "was refused"),
    (answer("NotImplemented", 501), "was refused"),
    (answer("SomethingNew"), "was refused"),
    *(
        (answer(code, status), "lazyjobs-aws policy 'sqs+dynamodb://eu-west-1/shop'")
        for code, status in (
            ("AccessDeniedException", 400),
            ("AccessDenied", 403),
            ("UnrecognizedClientException", 400),
            ("InvalidClientTokenId", 403),
            ("InvalidSignatureException", 400),
            ("MissingAuthenticationToken", 403),
            ("OptInRequired", 403),
            ("KmsAccessDenied", 400),
            ("403", 403),
        )
    ),
    *(
        (error, "impossible as things are configured")
        for error in (
            exceptions.NoCredentialsError(),
            exceptions.PartialCredentialsError(provider="env", cred_var="key"),
            exceptions.NoRegionError(),
            exceptions.ProfileNotFound(profile="shop"),
            exceptions.ConfigParseError(path="config"),
            exceptions.InvalidConfigError(error_msg="no"),
            exceptions.InvalidProxiesConfigError(),
            exceptions.SSOTokenLoadError(error_msg="no"),
            exceptions.ParamValidationError(report="no"),
            exceptions.UnknownEndpointError(service_name="dynamodb", region_name="x"),
            exceptions.SSLError(endpoint_url=NOWHERE, error="[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
        )
    ),
    (
        exceptions.WaiterError("TableExists", "no", {"Error": {"Code": "AccessDeniedException", "Message": "no"}}),
        "not permitted",
    ),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    assert isinstance(raised_for(error), BackendUnavailableError)


@pytest.mark.parametrize(("error", "told"), LASTING, ids=repr)
def test_what_will_not_pass_by_itself_says_what_to_do(error: Exception, told: str) -> None:
    found = raised_for(error)
    assert not isinstance(found, BackendUnavailableError)
    assert told in str(found)


@contextmanager
def table_is(place: Place, status: str) -> Iterator[None]:
    """DescribeTable tells that status of the place's table."""

    def tell(parsed: dict[str, Any], **_: object) -> None:
        if parsed.get("Table", {}).get("TableName") == place.address.table:
            parsed["Table"]["TableStatus"] = status

    events = place.client("dynamodb").meta.events
    events.register("after-call.dynamodb.DescribeTable", tell)
    try:
        yield
    finally:
        events.unregister("after-call.dynamodb.DescribeTable", tell)


@contextmanager
def missing(place: Place, operation: str) -> Iterator[None]:
    """That operation finds no table."""

    def refuse(**_: object) -> None:
        raise answer("ResourceNotFoundException")

    events = place.client("dynamodb").meta.events
    events.register(f"before-call.dynamodb.{operation}", refuse)
    try:
        yield
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", refuse)


Call = Callable[[AwsBackend], object]
CALLS: dict[str, Call] = {
    "PutItem": lambda backend: backend.insert(InsertParams(kind="greet")),
    "Query": lambda backend: backend.claim(ClaimParams()),
    "Scan": lambda backend: backend.stats(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_table_that_is_being_created_is_waited_for(place: Place, backend: AwsBackend, call: Call) -> None:
    with table_is(place, "CREATING"), pytest.raises(BackendUnavailableError, match="is being created"):
        call(backend)
    call(backend)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("status", ["CREATING", "UPDATING"])
def test_a_table_that_is_made_anew_meanwhile_is_waited_for(
    place: Place, backend: AwsBackend, operation: str, status: str
) -> None:
    backend.stats()  # so that the table is known
    with missing(place, operation), table_is(place, status), pytest.raises(BackendUnavailableError):
        CALLS[operation](backend)
    CALLS[operation](backend)


@pytest.mark.parametrize("operation", CALLS)
def test_a_table_that_is_removed_meanwhile_is_missing(place: Place, backend: AwsBackend, operation: str) -> None:
    backend.stats()
    Provisioner(place.address, place.session).remove()
    with pytest.raises(BackendError, match="there is no table") as caught:
        CALLS[operation](backend)
    assert not isinstance(caught.value, BackendUnavailableError)


def test_an_endpoint_in_boto3s_settings_that_is_none_is_a_lasting_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "nonsense")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with pytest.raises(BackendError, match=r"impossible as things are configured|cannot be reached") as caught:
        AwsBackend("eu-west-1", "shop").stats()
    assert not isinstance(caught.value, BackendUnavailableError)
