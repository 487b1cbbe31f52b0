"""Several processes that open one namespace at the same time, on purpose as awkwardly as can be."""

import time
from collections.abc import Callable, Sequence

from lazyjobs import InsertParams
from lazyjobs_testkit.crash._messages import AFTER_THE_ANSWER
from lazyjobs_testkit.crash._processes import ChildProcess
from lazyjobs_testkit.crash._site import Site
from lazyjobs_testkit.model import Insert

_HEAD_START = 1_000_000
_PATIENCE = 0.02
_INSERT = Insert(InsertParams(kind="kit.crash"))


def open_at_once(site: Site, children: Sequence[ChildProcess]) -> None:
    """Opens the namespace in each process at one moment; each inserts a record as soon as it has opened."""
    moment = time.monotonic_ns() + _HEAD_START
    for child in children:
        child.begin_open(site.namespace, not_before=moment)
        child.begin_ask(_INSERT)
    for child in children:
        child.end_open()
        site.note(child.end_ask())


def open_amid(site: Site, first: ChildProcess, second: ChildProcess, step: int = AFTER_THE_ANSWER) -> bool:
    """Lets a process open the namespace, and a second one open it and insert before that step of the first one's.

    The second is not waited for long: it may have to wait for the first, which then goes on. Returns whether the first
    opening has such a step; afterwards they are all in `first.steps`.
    """
    paused = first.open_until(site.namespace, step)
    second.begin_open(site.namespace)
    second.begin_ask(_INSERT)
    awaited: list[Callable[[], object]] = [second.end_open, lambda: site.note(second.end_ask())]
    if paused:
        while awaited and second.connection.poll(_PATIENCE):
            awaited.pop(0)()
        first.resume()
    for wait in awaited:
        wait()
    site.note(first.ask(_INSERT))
    return paused
