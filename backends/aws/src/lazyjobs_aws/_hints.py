"""Hints in SQS: that a job is due, and its id. They may be lost, repeated or late; nothing depends on them."""

import logging
import re
from collections import defaultdict
from collections.abc import Sequence
from threading import Lock
from time import monotonic

from botocore.exceptions import ClientError
from msgspec import Struct

from lazyjobs import BackendError
from lazyjobs.logs import fit
from lazyjobs_aws._address import Address
from lazyjobs_aws._clients import Clients
from lazyjobs_aws._errors import NO_SUCH_QUEUE, code_of, translated
from lazyjobs_aws._rests import Rests

logger = fit(logging.getLogger("lazyjobs.aws"))

BATCH = 10
"""The most that SQS takes or gives at once."""

_ID = re.compile("[1-9][0-9]{0,18}")
_LONGEST_KEPT = 10.0
"""In seconds: below a queue's visibility timeout, after which a used hint would come back."""


class Hint(Struct, frozen=True):
    """A message as it was received."""

    queue: str
    """The name of the jobs' queue."""
    id: int
    receipt: str


class Hints:
    """Sends, receives and deletes the hints of one namespace; thread-safe.

    No method raises what SQS answered: failures are logged, for the index finds every job that no hint tells of; and
    for a while after one SQS is left alone.
    Used hints are deleted ten at a time.
    """

    def __init__(self, address: Address, clients: Clients) -> None:
        self._address = address
        self._clients = clients
        self._lock = Lock()
        self._urls: dict[str, str] = {}
        self._rests = Rests()
        self._told: set[str] = set()
        self._used: defaultdict[str, list[str]] = defaultdict(list)
        self._used_since: dict[str, float] = {}

    def send(self, queue: str, ids: Sequence[int]) -> None:
        """Sends a hint for each id."""
        url = self._url(queue) if ids else None
        for begin in range(0, len(ids) if url else 0, BATCH):
            some = ids[begin : begin + BATCH]
            try:
                with translated(self._address, "sending a hint"):
                    self._send(url, some)
            except BackendError as error:
                self._failed(queue, error)
                return
            self._rests.worked(queue)

    def _send(self, url: str | None, ids: Sequence[int]) -> None:
        sqs = self._clients.sqs
        if len(ids) == 1:
            sqs.send_message(QueueUrl=url, MessageBody=str(ids[0]))
        else:
            sqs.send_message_batch(
                QueueUrl=url, Entries=[{"Id": str(place), "MessageBody": str(id)} for place, id in enumerate(ids)]
            )

    def receive(self, queue: str, most: int, wait: int = 0) -> list[Hint]:
        """At most `most` hints for a queue, once there is one or `wait` seconds have passed."""
        url = self._url(queue)
        if url is None:
            return []
        try:
            with translated(self._address, "receiving hints"):
                answer = self._clients.sqs.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=min(most, BATCH), WaitTimeSeconds=wait
                )
        except BackendError as error:
            self._failed(queue, error)
            return []
        self._rests.worked(queue)
        return [hint for message in answer.get("Messages", ()) if (hint := self._read(queue, message)) is not None]

    def _read(self, queue: str, message: dict[str, str]) -> Hint | None:
        if _ID.fullmatch(message["Body"]):
            return Hint(queue, int(message["Body"]), message["ReceiptHandle"])
        logger.warning(
            "a message on %r is no hint, and is deleted: %.100r", self._address.queue(queue), message["Body"]
        )
        self.use(Hint(queue, 0, message["ReceiptHandle"]))
        return None

    def use(self, hint: Hint) -> None:
        """The hint has had its answer: it is deleted with the next batch."""
        with self._lock:
            self._used_since.setdefault(hint.queue, monotonic())
            used = self._used[hint.queue]
            used.append(hint.receipt)
            full = len(used) >= BATCH
        if full:
            self.delete_used(hint.queue)

    def delete_old(self) -> None:
        """Deletes the used hints that would come back if they were kept any longer."""
        now = monotonic()
        for queue, since in list(self._used_since.items()):
            if now - since > _LONGEST_KEPT:
                self.delete_used(queue)

    def delete_all(self) -> None:
        """Deletes all used hints."""
        for queue in list(self._used_since):
            self.delete_used(queue)

    def delete_used(self, queue: str) -> None:
        with self._lock:
            receipts = self._used.pop(queue, [])
            self._used_since.pop(queue, None)
        url = self._url(queue)  # without one they come back, if they are not gone with the queue
        for begin in range(0, len(receipts) if url else 0, BATCH):
            some = receipts[begin : begin + BATCH]
            try:
                with translated(self._address, "deleting hints"):
                    self._clients.sqs.delete_message_batch(
                        QueueUrl=url,
                        Entries=[{"Id": str(place), "ReceiptHandle": each} for place, each in enumerate(some)],
                    )
            except BackendError as error:
                self._failed(queue, error)

    def _url(self, queue: str) -> str | None:
        """The queue's URL; None if there is no such queue, or SQS has just failed."""
        if self._rests.resting(queue):
            return None
        if queue in self._urls:
            return self._urls[queue]
        try:
            with translated(self._address, "looking for the queue"):
                url: str = self._clients.sqs.get_queue_url(QueueName=self._address.queue(queue))["QueueUrl"]
        except BackendError as error:
            self._failed(queue, error)
            return None
        self._urls[queue] = url
        return url

    def _failed(self, queue: str, error: BackendError) -> None:
        missing = isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in NO_SUCH_QUEUE
        self._rests.failed(queue, long=missing)
        if not missing:
            logger.warning("SQS does not work for %r, whose jobs start later: %s", queue, error)
            return
        self._urls.pop(queue, None)
        if queue not in self._told:
            self._told.add(queue)
            create = f"lazyjobs-aws create '{self._address}' --queue {queue}"
            logger.warning("there is no SQS queue for %r, whose jobs start later; create it: %s", queue, create)
