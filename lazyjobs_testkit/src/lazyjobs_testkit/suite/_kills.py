"""What the tests that kill processes share."""

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from lazyjobs import InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import Asking, Campaign, ChildError, ChildProcess, Site, Survey, fork_server, targets_for
from lazyjobs_testkit.harness import Namespaces
from lazyjobs_testkit.history import show, shrink
from lazyjobs_testkit.suite._bench import KIND, Bench

_HEAD_START = 1_000_000


@contextmanager
def namespaces(bench: Bench) -> Iterator[Callable[[], str]]:
    """Makes names of fresh namespaces, which are destroyed in the end."""
    made = Namespaces(bench.harness)
    with ExitStack() as exits:

        def create() -> str:
            namespace = made.create()
            exits.callback(made.destroy, namespace)
            return namespace

        yield create


@contextmanager
def campaign(bench: Bench, names: Collection[str] = ()) -> Iterator[Campaign]:
    """Kills in the calls of those names, or in every call that the backend has, on fresh namespaces."""
    targets = [target for target in targets_for(bench.raw()) if not names or target.name in names]
    with namespaces(bench) as create, Campaign(bench.harness, create, bench.random, targets) as killing:
        yield killing


@contextmanager
def forked(bench: Bench, count: int) -> Iterator[Sequence[ChildProcess]]:
    """So many processes, with nothing open yet."""
    server = fork_server(type(bench.harness))
    with ExitStack() as exits:
        yield [exits.enter_context(server.fork(f"process {number + 1}")) for number in range(count)]


def open_at_once(site: Site, children: Sequence[ChildProcess]) -> None:
    """Opens the namespace in each process at one moment, and inserts a record through each handle."""
    moment = time.monotonic_ns() + _HEAD_START
    for child in children:
        child.begin_open(site.namespace, not_before=moment)
    for child in children:
        child.end_open()
    for child in children:
        child.begin_ask(m.Insert(InsertParams(kind=KIND)))
    for child in children:
        site.note(child.end_ask())


@contextmanager
def fresh_site(bench: Bench) -> Iterator[Site]:
    """A fresh namespace to kill processes in."""
    with namespaces(bench) as create, Site(bench.harness, create()) as site:
        yield site


def assert_allowed(survey: Survey, occasion: object, *, but: Collection[m.Fault] = ()) -> None:
    """Fails if anything was found that the contract does not allow, and shows the calls; `but` is left to other rules.

    What follows from an id that was given twice is left to the rule about ids.
    """
    reused = {id for each in survey.violations if each.fault is m.Fault.REUSED_ID for id in each.records}
    for violation in survey.violations:
        if violation.fault not in but and not reused.intersection(violation.records):
            history, found = shrink(survey.history, violation)
            raise AssertionError(f"{occasion}\n{found}\n{show(history, found)}")


@contextmanager
def telling(occasion: object) -> Iterator[None]:
    """Fails with the occasion if a process could not do what it was told."""
    try:
        yield
    except ChildError as error:
        raise AssertionError(f"{occasion}\nafterwards: {error}") from error


@contextmanager
def reopening(site: Site, occasion: object) -> Iterator[Asking]:
    """The namespace as another process opens it after a kill; fails if that process cannot."""
    with telling(occasion), site.reopened() as ask:
        yield ask


def rounds(seconds: float, *, least: int = 1) -> Iterator[int]:
    """Counts rounds until the time is over, and at least so many."""
    deadline = time.monotonic() + seconds
    for number in itertools.count():
        if number >= least and time.monotonic() > deadline:
            return
        yield number
