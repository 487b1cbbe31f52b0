"""What the page shows in its tests: a shop's jobs, a few minutes after their backend was last cleaned."""

from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from lazyjobs import BaseJob, ClaimParams, CompleteParams, DiscardParams, InsertParams, JobRunner, Record, RetryParams
from lazyjobs_memory import MemoryBackend

SECRET = "4929 1234 5678 9012"
TRACE = """httpx.ConnectTimeout: timed out after 10.0 s

  while calling https://shop.example.org/hooks/orders
  attempt 3 of 3, after 2 redirects"""


class SendMail(BaseJob):
    __module__ = "shop.jobs"
    kind = "mail.receipt"
    job_queue = "mail"

    def work(self) -> None: ...


class ResizeImage(BaseJob):
    __module__ = "shop.jobs"
    kind = "image.resize"
    job_queue = "bulk"

    def work(self) -> None: ...


class DeliverHook(BaseJob):
    __module__ = "shop.jobs"
    kind = "webhook.deliver"
    job_max_attempts = 3

    def work(self) -> None: ...


class NightlyReport(BaseJob):
    __module__ = "shop.jobs"
    kind = "report.nightly"

    def work(self) -> None: ...


JOBS = (SendMail, ResizeImage, DeliverHook, NightlyReport)
_ENQUEUED = (
    ("mail.receipt", "mail"),
    ("image.resize", "bulk"),
    ("webhook.deliver", "default"),
    ("mail.receipt", "mail"),
)


class Scene:
    """A runner whose backend's past took place by a clock of its own, and goes on by the machine's."""

    def __init__(self) -> None:
        self._time: datetime | None = datetime.now(UTC) - timedelta(hours=3)
        self.backend = MemoryBackend(clock=self._now)
        self.runner = JobRunner(self.backend, jobs=JOBS)
        self.discarded = 0
        """The id of the discarded record of the story."""

    def _now(self) -> datetime:
        return datetime.now(UTC) if self._time is None else self._time

    def tell(self) -> None:
        """Lets the past happen."""
        for kind, queue in islice(cycle(_ENQUEUED), 1240):
            self.succeed(kind, queue)
        now = datetime.now(UTC)
        self._time = now - timedelta(minutes=5)
        self.backend.insert(InsertParams(kind="report.nightly", run_at=now + timedelta(hours=9)))
        self.discard("legacy.import", "default", "UnknownKindError: no job class is registered for 'legacy.import'")
        for index, (kind, queue) in enumerate(islice(cycle(_ENQUEUED), 84)):
            # More and more of them, so that there is something to see.
            self._time = now - timedelta(seconds=300 - 283 * (index / 84) ** 0.7)
            if index % 30 == 17:
                self.retry("webhook.deliver", "default", "httpx.HTTPStatusError: 503 Service Unavailable")
            else:
                self.succeed(kind, queue)
        self._time = now - timedelta(seconds=12)
        self.discarded = self.discard("webhook.deliver", "default", TRACE)
        for seconds, (kind, queue) in zip((9, 6, 4), _ENQUEUED, strict=False):
            self._time = now - timedelta(seconds=seconds)
            self.claim(kind, queue)
        for index, (kind, queue) in enumerate(islice(cycle(_ENQUEUED), 7)):
            self._time = now - timedelta(seconds=3 - index / 3)
            self.insert(kind, queue)
        self._time = None

    def insert(self, kind: str, queue: str) -> Record:
        """A pending record, with a secret in its payload."""
        return self.backend.insert(
            InsertParams(kind=kind, queue=queue, payload=f'{{"card": "{SECRET}"}}'.encode(), max_attempts=3)
        )

    def claim(self, kind: str, queue: str) -> Record:
        """A running one."""
        self.insert(kind, queue)
        claimed = self.backend.claim(ClaimParams(queues=(queue,), lease=timedelta(minutes=1)))
        assert claimed is not None
        return claimed

    def succeed(self, kind: str = "mail.receipt", queue: str = "mail") -> int:
        """A succeeded one; its id."""
        claimed = self.claim(kind, queue)
        self.backend.complete(CompleteParams(id=claimed.id, attempt=claimed.attempt))
        return claimed.id

    def retry(self, kind: str, queue: str, error: str) -> int:
        """A retrying one, due in a while; its id."""
        claimed = self.claim(kind, queue)
        run_at = self._now() + timedelta(minutes=20)
        self.backend.retry(RetryParams(id=claimed.id, attempt=claimed.attempt, last_error=error, run_at=run_at))
        return claimed.id

    def discard(self, kind: str, queue: str, error: str) -> int:
        """A discarded one; its id."""
        claimed = self.claim(kind, queue)
        self.backend.discard(DiscardParams(id=claimed.id, attempt=claimed.attempt, last_error=error))
        return claimed.id
