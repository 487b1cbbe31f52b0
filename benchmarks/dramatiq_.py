"""dramatiq: StubBroker with the default middleware, and a Worker, booted as dramatiq's own command does."""

from dramatiq import Worker, actor, set_broker
from dramatiq.brokers.stub import StubBroker

from benchmarks._contender import Gauge, enqueue_each
from benchmarks._job import noop, runs


class Dramatiq:
    """dramatiq's defaults throughout; only the number of worker threads is set."""

    def __init__(self, workers: int) -> None:
        self._broker = StubBroker()
        set_broker(self._broker)
        self._actor = actor(noop)
        self._worker = Worker(self._broker, worker_threads=workers)

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return enqueue_each(self._actor.send, text, number, gauge)

    def start(self) -> None:
        self._broker.emit_after("process_boot")
        self._worker.start()

    def settle(self, total: int) -> None:  # noqa: ARG002 (it forgets what is done)
        runs.wait()
        self._broker.join(self._actor.queue_name)
        self._worker.join()

    def stop(self) -> None:
        self._worker.stop()
        self._broker.close()
