"""What will be due on one queue, and when."""

from collections import deque
from datetime import datetime
from heapq import heapify, heappop, heappush

Due = tuple[datetime, int]
"""A due time and the id of the record: the order in which records are claimed."""


class Queue:
    """The due times of one queue's unfinished records, the least always at hand.

    A record that waits is in one of two lines and leaves it only by being taken from the front. Nearly all are due as
    they come, one later than the other, so they need no heap: they join `_arrivals`. The others are `_scheduled`.
    """

    __slots__ = ("_arrivals", "_scheduled", "leases")

    def __init__(self) -> None:
        self._arrivals: deque[Due] = deque()
        self._scheduled: list[Due] = []
        self.leases = Leases()

    def put(self, due: Due, now: datetime) -> None:
        """Adds a record that waits."""
        arrivals = self._arrivals
        if due[0] <= now and (not arrivals or arrivals[-1] < due):
            arrivals.append(due)
        else:
            heappush(self._scheduled, due)

    def first(self) -> Due | None:
        """The least due time of all, be it a waiting record's or a lease's end."""
        first = self.leases.first()
        if self._arrivals and (first is None or self._arrivals[0] < first):
            first = self._arrivals[0]
        if self._scheduled and (first is None or self._scheduled[0] < first):
            first = self._scheduled[0]
        return first

    def claim(self, first: Due, lease_end: datetime) -> None:
        """Puts a new lease in the place of `first`, as `first()` just returned it."""
        if self._arrivals and self._arrivals[0] is first:
            self._arrivals.popleft()
        elif self._scheduled and self._scheduled[0] is first:
            heappop(self._scheduled)
        self.leases.put(first[1], lease_end)


class Leases:
    """When the running records' leases end, the earliest always at hand.

    Ending or replacing a lease leaves its entry in the heap; stale entries are dropped when they come first, and all
    together when they outnumber the others.
    """

    __slots__ = ("_ends", "_heap")

    def __init__(self) -> None:
        self._ends: dict[int, datetime] = {}
        self._heap: list[Due] = []

    def put(self, id: int, end: datetime) -> None:
        """Starts the record's lease, or replaces it."""
        self._ends[id] = end
        heappush(self._heap, (end, id))
        if len(self._heap) > 2 * len(self._ends) + 32:
            self._heap = [(end, id) for id, end in self._ends.items()]
            heapify(self._heap)

    def end(self, id: int) -> None:
        del self._ends[id]

    def first(self) -> Due | None:
        heap, ends = self._heap, self._ends
        while heap:
            if ends.get(heap[0][1]) is heap[0][0]:
                return heap[0]
            heappop(heap)
        return None
