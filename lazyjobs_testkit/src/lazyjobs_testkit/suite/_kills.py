"""What the tests that kill processes share."""

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from lazyjobs import ClaimLostError
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import Asking, Campaign, ChildError, ChildProcess, Site, Verdict, fork_server, targets_for
from lazyjobs_testkit.harness import Namespaces
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._trail import Call


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


@contextmanager
def fresh_site(bench: Bench) -> Iterator[Site]:
    """A fresh namespace to kill processes in."""
    with namespaces(bench) as create, Site(bench.harness, create()) as site:
        yield site


def assert_allowed(bench: Bench, verdict: Verdict, occasion: object) -> None:
    """Fails if the verdict found anything, and lays the calls that show it on the trail.

    What follows from an id that was given twice is left to the rule about ids.
    """
    reused = {id for each in verdict.violations if each.fault is m.Fault.REUSED_ID for id in each.records}
    violations = [each for each in verdict.violations if not reused.intersection(each.records)]
    if violations:
        bench.trail += map(_call_of, verdict.operations)
    assert not violations, "\n".join([str(occasion), *map(str, violations)])


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


def _call_of(operation: Operation) -> Call:
    call = Call(
        handle=operation.handle, method=operation.request.method, arguments=operation.request.arguments(), ended=True
    )
    match operation.answer:
        case m.Unknown(error):
            call.ended, call.raised = False, None if error.startswith("killed") else RuntimeError(error)
        case m.Lost(found):
            call.raised = ClaimLostError(*_token(operation), found)
        case m.One(value) | m.Many(value) | m.Counts(value) | m.Number(value):
            call.answer = value
    return call


def _token(operation: Operation) -> tuple[int, int]:
    match operation.request:
        case m.FinishAndClaim(finish, _):
            return finish.params.id, finish.params.attempt
        case m.Complete(params) | m.Retry(params) | m.Discard(params) | m.Extend(params):
            return params.id, params.attempt
    return 0, 0
