from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from lazyjobs import BackendError, BackendUnavailableError
from lazyjobs_aws._address import Address
from lazyjobs_aws._errors import translated

ADDRESS = Address("eu-west-1", "shop")


def answer(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "PutItem",
    )


def raised_for(error: Exception) -> BackendError:
    with pytest.raises(BackendError) as caught, translated(ADDRESS, "inserting"):
        raise error
    assert caught.value.__cause__ is error
    assert "inserting" in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        answer("ProvisionedThroughputExceededException"),
        answer("ThrottlingException"),
        answer("RequestThrottled"),
        answer("com.amazon.coral.service#ThrottlingException"),
        answer("InternalServerError", 500),
        answer("ServiceUnavailable", 503),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:9"),
        ResponseParserError("not JSON"),
    ],
    ids=repr,
)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    assert isinstance(raised_for(error), BackendUnavailableError)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (lambda: answer("ResourceNotFoundException"), "lazyjobs-aws create 'sqs+dynamodb://eu-west-1/shop'"),
        (lambda: answer("AccessDeniedException"), "lazyjobs-aws policy 'sqs+dynamodb://eu-west-1/shop'"),
        (lambda: answer("ValidationException"), "was refused"),
        (NoCredentialsError, "impossible as things are configured"),
    ],
)
def test_what_will_not_pass_by_itself_says_what_to_do(error: Callable[[], Exception], told: str) -> None:
    found = raised_for(error())
    assert not isinstance(found, BackendUnavailableError)
    assert told in str(found)
