"""The limit: a dict, a heap and a lock that keep what lazyjobs must keep of each job, and nothing around them."""

from dataclasses import dataclass
from heapq import heappop, heappush
from threading import Condition, Lock, Thread
from time import time_ns

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from benchmarks._contender import Gauge, enqueue_each
from benchmarks._job import noop, runs, wait_until

LEASE = 60 * 10**9


@dataclass
class Noop:
    """The job, with its field as the payload."""

    text: str

    def work(self) -> None:
        noop(self.text)


class Record(Struct, gc=False):
    """The fields of a lazyjobs record, times in nanoseconds; changed in place."""

    id: int
    kind: str
    queue: str
    payload: bytes
    state: str
    attempt: int
    max_attempts: int
    run_at: int
    created_at: int
    updated_at: int
    lease_expires_at: int | None = None
    last_error: str = ""


class Raw:
    """Worker threads that claim for themselves, each call under the one lock."""

    def __init__(self, workers: int) -> None:
        self._lock = Lock()
        self._due = Condition(self._lock)
        self._records: dict[int, Record] = {}
        self._heap: list[tuple[int, int]] = []
        self._last_id = 0
        self._succeeded = 0
        self._waiting = 0
        self._stopping = False
        self._encode = Encoder().encode
        self._decoders = {"noop": Decoder(Noop)}
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(workers)]

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return enqueue_each(self._insert, text, number, gauge)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def settle(self, total: int) -> None:
        runs.wait()
        wait_until(lambda: self._succeeded == total)

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            self._due.notify_all()
        for thread in self._threads:
            thread.join()

    def _insert(self, text: str) -> None:
        payload = self._encode(Noop(text))
        now = time_ns()
        with self._lock:
            self._last_id += 1
            self._records[self._last_id] = Record(
                self._last_id, "noop", "default", payload, "pending", 0, 25, now, now, now
            )
            heappush(self._heap, (now, self._last_id))
            if self._waiting:
                self._due.notify()

    def _claim(self) -> Record | None:
        with self._lock:
            while not self._heap or self._heap[0][0] > time_ns():
                if self._stopping:
                    return None
                self._wait()
            record = self._records[heappop(self._heap)[1]]
            record.state = "running"
            record.attempt += 1
            record.updated_at = now = time_ns()
            record.lease_expires_at = now + LEASE
            return record

    def _wait(self) -> None:
        self._waiting += 1
        self._due.wait((self._heap[0][0] - time_ns()) / 10**9 if self._heap else None)
        self._waiting -= 1

    def _complete(self, id: int, attempt: int) -> None:
        with self._lock:
            record = self._records[id]
            if record.state != "running" or record.attempt != attempt:
                raise RuntimeError(f"record {id} is no longer claimed at attempt {attempt}")
            record.state = "succeeded"
            record.updated_at = time_ns()
            record.lease_expires_at = None
            self._succeeded += 1

    def _work(self) -> None:
        while record := self._claim():
            attempt = record.attempt
            self._decoders[record.kind].decode(record.payload).work()
            self._complete(record.id, attempt)
