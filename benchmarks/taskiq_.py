"""taskiq: InMemoryBroker on the event loop of whoever enqueues, with the job once sync and once async."""

import asyncio
from collections.abc import Awaitable, Callable

from taskiq import AsyncBroker, InMemoryBroker

from benchmarks._contender import Gauge
from benchmarks._job import noop, runs


async def noop_on_the_loop(text: str) -> None:
    """The job as a coroutine, which needs no thread."""
    noop(text)


class Taskiq:
    """The job is a plain function, which taskiq runs in its pool of `workers` threads."""

    def __init__(self, workers: int) -> None:
        self._broker = InMemoryBroker(sync_tasks_pool_size=workers)
        self._kiq = self._register(self._broker)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._broker.startup())

    def _register(self, broker: AsyncBroker) -> Callable[[str], Awaitable[object]]:
        return broker.task(noop).kiq

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return self._loop.run_until_complete(self._enqueue(text, number, gauge))

    async def _enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        before = gauge()
        for _ in range(number):
            await self._kiq(text)
        return before, gauge()

    def start(self) -> None:
        """Nothing: there are no workers beside the loop and the pool it hands plain functions to."""

    def settle(self, total: int) -> None:  # noqa: ARG002 (it keeps the last hundred results only)
        self._loop.run_until_complete(self._broker.wait_all())
        runs.wait()

    def stop(self) -> None:
        self._loop.run_until_complete(self._broker.shutdown())
        self._loop.close()


class AsyncTaskiq(Taskiq):
    """The job is a coroutine, taskiq's native form; the number of workers means nothing to it."""

    def _register(self, broker: AsyncBroker) -> Callable[[str], Awaitable[object]]:
        return broker.task(noop_on_the_loop).kiq
