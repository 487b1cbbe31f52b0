"""What the services and their client raise, as the contract's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from lazyjobs import BackendError, BackendUnavailableError
from lazyjobs_aws._address import Address

_WRONG_HERE = (
    ConfigNotFound,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_MISSING = frozenset({"ResourceNotFoundException"})
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnrecognizedClientException"})
NO_SUCH_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
CONDITION_FAILED = "ConditionalCheckFailedException"


def code_of(error: ClientError) -> str:
    """The service's name for the error."""
    code: str = error.response.get("Error", {}).get("Code", "")
    # In the JSON protocol of SQS the code may follow a namespace and a number sign.
    return code.rpartition("#")[2]


@contextmanager
def translated(address: Address, doing: str) -> Iterator[None]:
    """Whatever boto3 raises inside leaves as a `BackendError`, with its cause."""
    try:
        yield
    except ClientError as error:
        raise _from_service(error, address, doing) from error
    except _WRONG_HERE as error:
        raise BackendError(f"{doing} on {address} is impossible as things are configured: {error}") from error
    except (BotoCoreError, HTTPClientError, ResponseParserError) as error:
        raise BackendUnavailableError(f"{doing} on {address} got no answer: {error}; try again") from error


def _from_service(error: ClientError, address: Address, doing: str) -> BackendError:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISSING:
        return BackendError(
            f"there is no table {address.table!r} for {doing}; create it once: lazyjobs-aws create '{address}'"
        )
    if code in _THROTTLED or status >= 500:
        return BackendUnavailableError(f"{doing} on {address} was turned away ({code}); try again")
    if code in _FORBIDDEN or status == 403:
        return BackendError(
            f"{doing} on {address} is not permitted ({error}); lazyjobs-aws policy '{address}' prints what a producer, "
            "a worker and a viewer need"
        )
    return BackendError(f"{doing} on {address} was refused: {error}")
