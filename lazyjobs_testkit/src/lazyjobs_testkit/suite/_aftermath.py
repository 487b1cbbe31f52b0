"""A last look at what a failed test has left."""

from contextlib import suppress

from lazyjobs import ListOptions
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._clerk import Clerk
from lazyjobs_testkit.suite._trail import Call

_PATIENCE = 1.0
_READING = ("list", "stats")
_OPTIONS = ListOptions(limit=20)


def look_afterwards(bench: Bench) -> None:
    """Adds to the trail what list shows now, unless the last call was a look; tells nothing if list does not answer.

    Whether a call that should have been refused changed anything is the first question of whoever reads of it.
    """
    if not bench.trail or bench.trail[-1].method in _READING:
        return
    clerk = Clerk("the last look")
    # The test has failed already, and of a backend that cannot list now this is not the place to tell.
    with suppress(Exception):
        records = clerk.do(lambda: list(bench.raw().list(_OPTIONS)), patience=_PATIENCE)
        bench.trail.append(
            Call(handle="(afterwards) backend", method="list", arguments=(_OPTIONS,), answer=records, ended=True)
        )
    clerk.dismiss()
