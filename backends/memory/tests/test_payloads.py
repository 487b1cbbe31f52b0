import pytest

from lazyjobs import InsertParams, PayloadTooLargeError
from lazyjobs_memory import MemoryBackend


def payload_of(size: int) -> bytes:
    return b'"' + b"x" * (size - 2) + b'"'


def test_the_largest_payload_is_stored() -> None:
    backend = MemoryBackend()
    payload = payload_of(MemoryBackend.max_payload)
    backend.insert(InsertParams(kind="big", payload=payload))
    assert backend.list()[0].payload == payload


def test_one_byte_more_is_refused_and_nothing_written() -> None:
    backend = MemoryBackend()
    params = InsertParams(kind="big", payload=payload_of(MemoryBackend.max_payload + 1))
    with pytest.raises(PayloadTooLargeError) as refused:
        backend.insert(params)
    assert (refused.value.kind, refused.value.size) == ("big", MemoryBackend.max_payload + 1)
    assert backend.stats().total == 0


def test_of_many_none_is_written_if_one_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryBackend, "max_payload", 10)
    backend = MemoryBackend()
    small, large = (InsertParams(kind="greet", payload=payload_of(size)) for size in (10, 11))
    with pytest.raises(PayloadTooLargeError):
        backend.insert_many([small, small, large])
    assert backend.list() == []
    assert [record.id for record in backend.insert_many([small, small])] == [1, 2]


def test_inserting_none_of_many_inserts_nothing() -> None:
    backend = MemoryBackend()
    assert backend.insert_many([]) == []
    assert backend.stats().total == 0
