"""Who is measured on the emulator: lazyjobs, Celery and dramatiq, each with four workers in one process."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks._contender import Contender, Gauge, enqueue_each
from benchmarks._job import noop, runs, wait_until
from lazyjobs import BaseJob, JobRunner, State
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._address import Address
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws.emulator import emulator_session

WORKERS = 4
_REGION = "us-east-1"


@dataclass
class Noop(BaseJob):
    """The job, with its field as the payload."""

    kind: ClassVar[str] = "noop"
    text: str

    def work(self) -> None:
        noop(self.text)


class LazyJobsAws:
    """lazyjobs' defaults throughout: every job is recorded, claimed by a lease and completed."""

    def __init__(self, endpoint_url: str) -> None:
        address = Address(_REGION, f"race{os.getpid()}", endpoint_url)
        Provisioner(address, emulator_session()).create(Layout(), ["default"])
        options = Options(endpoint_url=endpoint_url)
        self._backend = AwsBackend(_REGION, address.prefix, options=options, session=emulator_session())
        self._runner = JobRunner(self._backend, jobs=[Noop], workers=WORKERS)

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return enqueue_each(lambda text: self._runner.enqueue(Noop(text=text)), text, number, gauge)

    def start(self) -> None:
        self._runner.start()

    def settle(self, total: int) -> None:
        runs.wait()
        wait_until(lambda: self._backend.stats().by_state.get(State.SUCCEEDED) == total)

    def stop(self) -> None:
        self._runner.stop()
        self._backend.close()


class Celery:
    """Celery on SQS without a result backend: nothing is recorded, and a task is acknowledged before it runs."""

    def __init__(self, endpoint_url: str) -> None:
        from celery import Celery as App

        place = endpoint_url.removeprefix("http://")
        self._app = App("race", broker=f"sqs://any:any@{place}//")
        self._app.conf.update(
            broker_transport_options={"is_secure": False, "region": _REGION, "queue_name_prefix": f"c{os.getpid()}-"},
            worker_prefetch_multiplier=4,
            worker_hijack_root_logger=False,
        )
        self._task = self._app.task(name="noop")(noop)
        self._worker: AbstractContextManager[Any] | None = None

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return enqueue_each(self._task.delay, text, number, gauge)

    def start(self) -> None:
        from celery.contrib.testing.worker import start_worker

        options = {"pool": "threads", "concurrency": WORKERS, "perform_ping_check": False, "loglevel": "ERROR"}
        self._worker = start_worker(self._app, **options)
        self._worker.__enter__()

    def settle(self, total: int) -> None:  # noqa: ARG002 (it forgets what is done)
        runs.wait()

    def stop(self) -> None:
        """The process ends anyway, and the worker's own way takes seconds."""


class Dramatiq:
    """dramatiq on SQS without a result backend: nothing is recorded, and a message is deleted after the work."""

    def __init__(self, endpoint_url: str) -> None:
        import dramatiq
        from dramatiq_sqs import SQSBroker

        broker = SQSBroker(
            namespace=f"dramatiq{os.getpid()}",
            endpoint_url=endpoint_url,
            region_name=_REGION,
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        dramatiq.set_broker(broker)
        self._broker = broker
        self._actor = dramatiq.actor(noop)
        self._worker = dramatiq.Worker(broker, worker_threads=WORKERS)

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return enqueue_each(self._actor.send, text, number, gauge)

    def start(self) -> None:
        self._broker.emit_after("process_boot")
        self._worker.start()

    def settle(self, total: int) -> None:  # noqa: ARG002 (it forgets what is done)
        runs.wait()

    def stop(self) -> None:
        """The process ends anyway, and the worker's own way takes seconds."""


CONTENDERS: Mapping[str, Callable[[str], Contender]] = {
    "lazyjobs": LazyJobsAws,
    "celery": Celery,
    "dramatiq": Dramatiq,
}
