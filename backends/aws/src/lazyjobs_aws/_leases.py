"""Leases that are too short for what a request may take."""

from datetime import timedelta

from lazyjobs_aws._clients import Clients
from lazyjobs_aws._log import logger

_SHARE = 1.5
"""A runner extends a lease when a third of it is over: what is left must be longer than a request."""


class Leases:
    """Warns, once, of a lease that may end while a request that extends it is still under way."""

    def __init__(self, clients: Clients) -> None:
        self._least = _SHARE * clients.table_limits.longest
        self._warned = False

    def check(self, lease: timedelta) -> None:
        if lease.total_seconds() < self._least and not self._warned:
            self._warned = True
            logger.warning(
                "a lease of %g s may end while DynamoDB does not answer, and its job then runs twice: "
                "take %g s or more, or fewer attempts",
                lease.total_seconds(),
                self._least,
            )
