"""A variant that is wrong on purpose: SQS is believed, and a message is deleted before the record is claimed."""

from lazyjobs import ClaimParams, Record, RetryParams
from lazyjobs_aws import AwsBackend
from lazyjobs_aws._times import to_microseconds


class MessageDeletedFirst(AwsBackend):
    """Claims what a message tells of, and nothing else; the message is deleted first, and sent again to retry."""

    def claim(self, params: ClaimParams) -> Record | None:
        sources = self._opened()
        for hint in sources.hints.receive(params.queues[0], 1):
            sources.hints.use(hint)
            sources.hints.delete_all()
            now = self._now()
            end = now + to_microseconds(params.lease)
            found = sources.table.claim(hint.id, worker="", now=now, lease_end=end, clock=now)
            if isinstance(found, Record):
                return found
        return None

    def retry(self, params: RetryParams) -> None:
        super().retry(params)
        self._opened().hints.send("default", [params.id])
