from datetime import UTC, datetime, timedelta

from lazyjobs_memory._queue import Leases, Queue

START = datetime(2030, 1, 1, tzinfo=UTC)


def after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def test_one_scheduled_record_does_not_send_those_that_follow_through_the_heap() -> None:
    queue = Queue()
    queue.put((after(1000), 1), START)
    for id in range(2, 100):
        queue.put((after(id), id), after(id))
    assert len(queue._scheduled) == 1
    assert queue.first() == (after(2), 2)


def test_the_earliest_lease_stays_first_when_others_are_replaced_often() -> None:
    leases = Leases()
    leases.put(1, after(100))
    leases.put(2, after(10))
    for _ in range(100):
        leases.put(3, after(50))
    for end, id in ((after(10), 2), (after(50), 3), (after(100), 1)):
        assert leases.first() == (end, id)
        leases.end(id)
    assert leases.first() is None


def test_leases_that_ended_do_not_pile_up_behind_one_that_stays() -> None:
    leases = Leases()
    leases.put(1, START)
    for id in range(2, 10_000):
        leases.put(id, after(id))
        leases.end(id)
    assert len(leases._heap) < 50
    first = leases.first()
    assert first is not None
    assert first[1] == 1
