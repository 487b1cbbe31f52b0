from collections.abc import Callable

import pytest

from lazyjobs import DiscardParams, FinishParams, Record, RetryParams
from lazyjobs_memory import MemoryBackend
from lazyjobs_memory._text import MAX_LENGTH


class Hostile(str):
    """A string whose every convenience fails."""

    __slots__ = ()

    def __getitem__(self, key: object) -> str:
        raise RuntimeError

    def isascii(self) -> bool:
        raise RuntimeError

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        raise RuntimeError


TEXTS = [
    ("", ""),
    ("boom", "boom"),
    ("a\x00b\U0001f600", "a\x00b\U0001f600"),
    ("a\ud800b\udfffc", "a\ufffdb\ufffdc"),
    ("\ud83d\ude00", "\ufffd\ufffd"),
    ("x" * MAX_LENGTH, "x" * MAX_LENGTH),
    ("é" * (MAX_LENGTH + 1), "é" * MAX_LENGTH),
    ("\udc00" * 2_000_000, "\ufffd" * MAX_LENGTH),
    (Hostile("nasty\ud800"), "nasty\ufffd"),
]


@pytest.mark.parametrize(("given", "stored"), TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("verb", [RetryParams, DiscardParams])
def test_any_string_is_stored_as_a_prefix_that_can_be_encoded(
    verb: type[RetryParams | DiscardParams],
    given: str,
    stored: str,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    finish: Callable[[FinishParams], None],
) -> None:
    insert()
    finish(verb(id=claim().id, attempt=1, last_error=given))
    (record,) = backend.list()
    assert record.last_error == stored
    assert type(record.last_error) is str
    record.last_error.encode()
