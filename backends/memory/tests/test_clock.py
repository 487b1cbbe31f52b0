from collections.abc import Callable
from datetime import datetime

from lazyjobs import ClaimParams, Record
from lazyjobs_memory import MemoryBackend


def test_times_stand_still_while_the_clock_goes_back(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    start = advance()
    insert()
    advance(-3600)
    later = insert()
    assert later.created_at == later.updated_at == later.run_at == start
    complete(claim())
    assert {record.updated_at for record in backend.list()} == {start}
    now = advance(3601)
    assert insert().created_at == now


def test_what_is_inserted_for_now_is_due_even_if_the_clock_goes_back(
    backend: MemoryBackend, insert: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    insert()
    advance(-1)
    assert backend.claim(ClaimParams()) is not None


def test_the_default_clock_tells_utc() -> None:
    backend = MemoryBackend()
    assert backend.claim(ClaimParams()) is None
    assert str(backend._clock.read().tzinfo) == "UTC"
