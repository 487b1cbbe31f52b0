"""What the services and their client raise, as the contract's errors.

What may pass by itself is a `BackendUnavailableError`, anything else another `BackendError`: by that a worker knows
whether it is of any use to ask again.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from lazyjobs import BackendError, BackendUnavailableError
from lazyjobs_aws import _codes as codes
from lazyjobs_aws._address import Address

_NO_ANSWER = (
    exceptions.CapacityNotAvailableError,
    exceptions.ChecksumError,
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    ResponseParserError,
)
"""The connection failed, or what came over it was no answer."""
_NO_CREDENTIALS_NOW = (
    exceptions.CredentialRetrievalError,
    exceptions.MetadataRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.UnauthorizedSSOTokenError,
)
"""Those there were have expired, and fresh ones could not be had."""
_SHORT_OF = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""Of descriptors or memory, which comes back when others end."""
_DISTRUSTED = "CERTIFICATE_VERIFY_FAILED"


def code_of(error: BaseException | None) -> str:
    """The service's name for the error; "" if it is none of a service's."""
    if not isinstance(error, ClientError):
        return ""
    code: str = error.response.get("Error", {}).get("Code", "")
    # In the JSON protocol of SQS the code may follow a namespace and a number sign.
    return code.rpartition("#")[2]


def was_repeated(error: BaseException | None) -> bool:
    """Whether the request that got this answer had been sent before, so that it may have taken effect already."""
    if not isinstance(error, ClientError):
        return False
    repetitions: int = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
    return repetitions > 0


def may_be_of_the_item(error: BaseException | None) -> bool:
    """Whether the service may have stumbled over what stands in the item, rather than over the request."""
    if isinstance(error, ClientError):
        return code_of(error) in codes.STUMBLED
    return not isinstance(error, BotoCoreError)


@contextmanager
def translated(address: Address, doing: str) -> Iterator[None]:
    """Whatever boto3 raises inside leaves as a `BackendError`, with its cause."""
    try:
        yield
    except ClientError as error:
        raise _from_service(error, address, doing) from error
    except exceptions.WaiterError as error:
        if "Error" in error.last_response:
            raise _from_service(ClientError(error.last_response, error.kwargs["name"]), address, doing) from error
        raise BackendUnavailableError(f"{doing} on {address} takes longer than was waited for: {error}") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise _from_client(error, address, doing) from error
    except BackendError:
        raise
    except OSError as error:
        if error.errno not in _SHORT_OF:
            raise BackendError(f"{doing} on {address} made boto3 fail: {error!r}") from error
        raise BackendUnavailableError(f"{doing} on {address} lacks what the system has no more of: {error}") from error
    except Exception as error:
        raise BackendError(f"{doing} on {address} made boto3 fail: {error!r}") from error


def _from_client(error: Exception, address: Address, doing: str) -> BackendError:
    if isinstance(error, _NO_ANSWER) and _DISTRUSTED not in str(error):
        return BackendUnavailableError(f"{doing} on {address} got no answer: {error}; try again")
    if isinstance(error, _NO_CREDENTIALS_NOW):
        return BackendUnavailableError(f"{doing} on {address} found no valid credentials: {error}; try again")
    return BackendError(f"{doing} on {address} is impossible as things are configured: {error}")


def _from_service(error: ClientError, address: Address, doing: str) -> BackendError:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = error.response.get("Error", {}).get("Message", "")
    if codes.passes(code, status, message, _reasons(error)):
        return BackendUnavailableError(f"{doing} on {address} was turned away ({code}); try again")
    if code in codes.MISSING:
        return BackendError(
            f"there is no table {address.table!r} for {doing}; create it once: lazyjobs-aws create '{address}'"
        )
    if codes.misses_index(code, message):
        return BackendError(
            f"{doing} on {address} needs an index that is gone; lazyjobs-aws check '{address}' tells it"
        )
    if code in codes.FORBIDDEN or status == 403:
        return BackendError(
            f"{doing} on {address} is not permitted ({error}); lazyjobs-aws policy '{address}' prints what a producer, "
            "a worker and a viewer need"
        )
    return BackendError(f"{doing} on {address} was refused: {error}")


def _reasons(error: ClientError) -> frozenset[str]:
    """Why a transaction was cancelled: a code for each of its writes."""
    return frozenset(each.get("Code", "") for each in error.response.get("CancellationReasons", ()))
