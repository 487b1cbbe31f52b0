"""What the tests that kill processes share."""

import itertools
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import (
    Asking,
    Campaign,
    ChildError,
    ChildProcess,
    ForkServer,
    Site,
    Survey,
    fork_server,
    goes_on,
    open_amid,
    open_at_once,
    targets_for,
)
from lazyjobs_testkit.harness import HarnessError, Namespaces
from lazyjobs_testkit.history import show, shrink
from lazyjobs_testkit.suite._bench import Bench

_AT_ONCE = 4


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


def start_processes(bench: Bench) -> ForkServer:
    """What starts child processes; blocked where there can be none."""
    if not hasattr(os, "fork"):
        bench.blocked(f"{sys.platform} can neither fork nor kill as this rule has it")
    try:
        return fork_server(type(bench.harness))
    except (HarnessError, ChildError) as error:
        bench.blocked(str(error))


@contextmanager
def campaign(bench: Bench, names: Collection[str] = ()) -> Iterator[Campaign]:
    """Kills in the calls of those names, or in every call that the backend has, on fresh namespaces."""
    start_processes(bench)
    targets = [target for target in targets_for(bench.raw()) if not names or target.name in names]
    with namespaces(bench) as create, Campaign(bench.harness, create, bench.random, targets) as killing:
        yield killing


@contextmanager
def forked(bench: Bench, count: int) -> Iterator[Sequence[ChildProcess]]:
    """So many processes, with nothing open yet."""
    server = start_processes(bench)
    with ExitStack() as exits:
        yield [exits.enter_context(server.fork(f"process {number + 1}")) for number in range(count)]


def try_opening_together(bench: Bench, occasion: str, prepare: Callable[[Site], None], seconds: float) -> None:
    """Fails if something goes wrong where several processes open what `prepare` has made of a fresh namespace.

    One opening is interrupted before each of its steps by another one; then four begin at the same moment, time and
    again.
    """
    with forked(bench, _AT_ONCE) as children:
        first, second = children[:2]

        def meet(place: str, open: Callable[[Site], object]) -> None:
            with telling(f"{occasion}: {place}"), fresh_site(bench) as site:
                prepare(site)
                open(site)
                survey = site.survey(lambda request: site.note(first.ask(request)))
                assert_allowed(survey, f"{occasion}: {place}")

        meet("one after the other", partial(open_amid, first=first, second=second))
        steps = list(enumerate(first.steps))
        bench.random.shuffle(steps)
        for (step, name), _ in zip(steps, rounds(0.7 * seconds, wanted=len(steps)), strict=False):
            place = f"a second one when the first had come to {name}(), step {step + 1} of its opening"
            meet(place, partial(open_amid, first=first, second=second, step=step))
        for _ in rounds(0.3 * seconds, wanted=10):
            meet(f"{_AT_ONCE} at the same moment", partial(open_at_once, children=children))


@contextmanager
def fresh_site(bench: Bench) -> Iterator[Site]:
    """A fresh namespace to kill processes in."""
    start_processes(bench)
    with namespaces(bench) as create, Site(bench.harness, create()) as site:
        yield site


def assert_allowed(survey: Survey, occasion: object, *, but: Collection[m.Fault] = ()) -> None:
    """Fails if anything was found that the contract does not allow, and shows the calls that led there.

    Records that show one of the faults in `but` are left to other rules.
    """
    left_out = {id for each in survey.violations if each.fault in but for id in each.records}
    for violation in survey.violations:
        if not left_out.intersection(violation.records):
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


def rounds(seconds: float, *, least: int = 1, wanted: int = 0) -> Iterator[int]:
    """Counts rounds: `least` in any case, on until the time is over, and for longer if there were fewer than wanted."""
    begin = time.monotonic()
    for number in itertools.count():
        if number >= least and not goes_on(number, begin, seconds, least=wanted):
            return
        yield number
