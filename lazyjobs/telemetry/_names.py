"""The names of attributes and the buckets of durations.

Those that begin with `messaging.` are of version 1.44 of OpenTelemetry's semantic conventions for messaging, which are
in development (https://opentelemetry.io/docs/specs/semconv/messaging/). What a system adds to spans and metrics has
names that begin with `messaging.{system}.` there.
"""

from lazyjobs.jobs import path_of

SCHEMA = "https://opentelemetry.io/schemas/1.44.0"

SYSTEM = "messaging.system"
OPERATION = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
DESTINATION = "messaging.destination.name"
MESSAGE_ID = "messaging.message.id"
ERROR_TYPE = "error.type"
KIND = "messaging.lazyjobs.kind"
ATTEMPT = "messaging.lazyjobs.attempt"
MAX_ATTEMPTS = "messaging.lazyjobs.max_attempts"
OUTCOME = "messaging.lazyjobs.outcome"
STATE = "messaging.lazyjobs.state"

LAZYJOBS = "lazyjobs"
SEND = "send"
PROCESS = "process"

DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds, as the conventions have them."""
LATENCIES = (*DURATIONS, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
"""Seconds; a queue may be hours behind."""


def name_error(error: BaseException) -> str:
    """The `error.type` of an exception: its class, with the module unless it is built in."""
    return path_of(error).removeprefix("builtins.")
