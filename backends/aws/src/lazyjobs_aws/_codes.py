"""What the services call their errors, and which of them pass by themselves.

From the models of both services, the errors common to all of AWS, and what boto3 itself repeats. A code that is in none
of these sets is of a request that stays wrong, unless it comes with a status of the 500s.
"""

CONDITION_FAILED = "ConditionalCheckFailedException"
INVALID = "ValidationException"
STUMBLED = frozenset({INVALID, "InternalError", "InternalFailure", "InternalServerError", "500"})
"""What the service answers to a request that does not fit the item that it finds."""

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KmsThrottled",
        "LimitExceededException",
        "OverLimit",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
BUSY = frozenset(
    {
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "PurgeQueueInProgress",
        "QueueDeletedRecently",
        "ReplicatedWriteConflictException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResourceInUseException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "TableInUseException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Another request, a replica or a change of the table is in the way, or the service has a fault of its own."""
EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"}
)
"""Credentials or signature are out of date: the next request gets fresh ones."""
FORBIDDEN = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidSignatureException",
        "KmsAccessDenied",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
MISSING = frozenset({"ResourceNotFoundException", "TableNotFoundException"})
NO_INDEX = frozenset({"IndexNotFoundException"})
NO_SUCH_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})

CANCELED = "TransactionCanceledException"
"""What it was for stands in its reasons."""

_NO_REASON = "None"
_BACKFILLING = "backfilling"
_NO_SUCH_INDEX = "does not have the specified index"
_OUT_OF_DATE = ("signature expired", "signature not yet current")


def passes(code: str, status: int, message: str, reasons: frozenset[str] = frozenset()) -> bool:
    """Whether the same request may succeed later although nobody changes anything."""
    if code == CANCELED:
        told = reasons - {_NO_REASON}
        return bool(told) and told <= THROTTLED | BUSY
    if code in THROTTLED | BUSY | EXPIRED or status in (408, 429):
        return True
    if code == INVALID:
        return _BACKFILLING in message.lower()
    if code in FORBIDDEN:
        return message.lower().startswith(_OUT_OF_DATE)
    return status >= 500 and status != 501  # not implemented, and never will be


def misses_index(code: str, message: str) -> bool:
    """Whether the table lacks an index that was to be read."""
    return code in NO_INDEX or (code == INVALID and _NO_SUCH_INDEX in message)
