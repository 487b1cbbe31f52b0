"""Parameters of subclasses of the types the contract names: a backend sees the plain types."""

from datetime import UTC, datetime
from enum import Enum, StrEnum

import msgspec
import pytest

from lazyjobs import DiscardParams, InsertParams, RetryParams


class Kind(StrEnum):
    WELCOME = "user.welcome"


class Queue(str, Enum):  # noqa: UP042 (the older spelling is what this is about)
    MAIL = "mail"


class Payload(bytes):
    pass


class Time(datetime):
    pass


def test_an_inserted_enum_member_is_the_text_it_stands_for() -> None:
    params = InsertParams(kind=Kind.WELCOME, queue=Queue.MAIL, payload=Payload(b"{}"), run_at=Time.now(UTC))
    kept = (params.kind, params.queue, params.payload, params.run_at)
    assert [type(value) for value in kept] == [str, str, bytes, datetime]
    assert kept[:3] == ("user.welcome", "mail", b"{}")
    msgspec.json.encode(params)


@pytest.mark.parametrize("verb", [RetryParams, DiscardParams])
def test_an_error_text_of_a_subclass_is_plain(verb: type[RetryParams] | type[DiscardParams]) -> None:
    params = verb(id=1, attempt=1, last_error=Kind.WELCOME)
    assert type(params.last_error) is str
    assert params.last_error == "user.welcome"
