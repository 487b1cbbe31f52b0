"""What a record and its parameters say about themselves."""

from datetime import UTC, datetime

import msgspec
import pytest

from lazyjobs import InsertParams, Record, State

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PAYLOAD = b'{"card":"4111111111111111"}'
RECORD = Record(
    id=7,
    kind="pay",
    queue="default",
    payload=PAYLOAD,
    state=State.PENDING,
    attempt=0,
    max_attempts=25,
    run_at=NOW,
    created_at=NOW,
    updated_at=NOW,
)
PARAMS = InsertParams(kind="pay", payload=PAYLOAD)
both = pytest.mark.parametrize("value", [RECORD, PARAMS], ids=["record", "parameters"])


@both
def test_the_payload_is_shown_as_its_length(value: Record | InsertParams) -> None:
    for text in (repr(value), str(value), f"{[value]}", str(list(value.__rich_repr__()))):
        assert "payload" in text
        assert "<27 bytes>" in text
        assert "4111" not in text


@both
def test_every_other_field_is_shown(value: Record | InsertParams) -> None:
    for name, held in msgspec.structs.asdict(value).items():
        assert name == "payload" or f"{name}={held!r}" in repr(value)
    assert repr(value).startswith(f"{type(value).__name__}(")


def test_only_the_text_is_changed() -> None:
    assert RECORD.payload == PAYLOAD
    assert msgspec.structs.replace(RECORD, payload=b"{}") != RECORD
    assert msgspec.json.decode(msgspec.json.encode(RECORD), type=Record) == RECORD
