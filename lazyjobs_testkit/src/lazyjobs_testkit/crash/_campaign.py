"""Many kills, one after the other, each at a place of its own."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from msgspec import Struct

from lazyjobs import InsertParams
from lazyjobs_testkit.crash._messages import AFTER_THE_ANSWER
from lazyjobs_testkit.crash._processes import ChildError, ChildProcess, fork_server
from lazyjobs_testkit.crash._site import Site
from lazyjobs_testkit.crash._targets import Target
from lazyjobs_testkit.crash._tripwire import distinct_steps
from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.model import Insert, Request

_First = Callable[[Site, int, Sequence[str]], str]

_KILLS_A_SITE = 25
_LEAST_KILLS = 100
_STRETCH = 8
_START = 0.0003
_UNHURRIED = 1.5


class Kill(Struct, frozen=True, kw_only=True):
    """Where a process is killed: in which call, and at which of its steps or how long after it was told to make it."""

    target: Target
    step: int = AFTER_THE_ANSWER
    steps: tuple[str, ...] = ()
    """The steps of such a call when it was not interrupted."""
    after: float | None = None

    def __str__(self) -> str:
        if self.after is not None:
            return f"killed {self.after * 1000:.3f} ms after it was told: {self.target.name}"
        return f"killed {_at(self.step, self.steps)}: {self.target.name}"

    def __call__(self, child: ChildProcess, request: Request) -> Operation:
        """Makes the call in that process, and kills it."""
        if self.after is not None:
            return child.ask_and_kill(request, after=self.after)
        return child.ask_and_die(request, step=self.step)


def _at(step: int, steps: Sequence[str]) -> str:
    if step == AFTER_THE_ANSWER:
        return "right after the answer"
    return f"before step {step + 1} of {len(steps)}, which was to be {steps[step]}()"


def goes_on(number: int, begin: float, seconds: float, *, least: int) -> bool:
    """Whether what began then and has been done so often is done again: so long, or longer until it was done `least`.

    How much is tried must not depend on what else the machine does; but it takes eight times as long at the most.
    """
    elapsed = time.monotonic() - begin
    return elapsed < seconds or (number < least and elapsed < _STRETCH * seconds)


class Campaign:
    """Kills processes until the time is over or every place has been tried; leaving it ends all processes."""

    def __init__(
        self, harness: Harness, create: Callable[[], str], choices: random.Random, targets: Sequence[Target]
    ) -> None:
        self._harness = harness
        self._create = create
        self._choices = choices
        self._targets = targets
        self._exits = ExitStack()
        self._witness: ChildProcess | None = None
        self._site: Site | None = None
        self._kills = 0
        self._last = "before anything was killed"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._exits.close()

    def _next_site(self) -> Site:
        """Where the next process is to be killed: now and then another namespace, so that none grows large."""
        if self._site is None or self._kills % _KILLS_A_SITE == 0:
            self._site = self._fresh_site()
        self._kills += 1
        return self._site

    def after_answers(self, seconds: float) -> Iterator[tuple[Kill, Site]]:
        """Kills right after the answer to each call: all of them at least once, and again until the time is over."""
        begin, kills = time.monotonic(), 0
        while not kills or goes_on(kills, begin, seconds, least=_LEAST_KILLS):
            for target in self._targets:
                yield self._execute(Kill(target=target))
                kills += 1

    def inside(self, seconds: float) -> Iterator[tuple[Kill, Site]]:
        """Kills after each answer, then before every step of each call in random order, then at random instants."""
        begin = time.monotonic()
        steps: list[Kill] = []
        durations: dict[str, float] = {}
        for target in self._targets:
            yield (kill := Kill(target=target)), (site := self._execute(kill)[1])
            steps += [Kill(target=target, step=step, steps=site.steps) for step in distinct_steps(site.steps)]
            durations[target.name] = site.duration
        self._choices.shuffle(steps)
        for number, kill in enumerate(steps):
            if not goes_on(number, begin, seconds, least=_LEAST_KILLS):
                return
            yield self._execute(kill)
        while time.monotonic() < begin + seconds:
            target = self._choices.choice(self._targets)
            longest = _START + _UNHURRIED * durations[target.name]
            yield self._execute(Kill(target=target, after=self._choices.uniform(0, longest)))

    def openings(self, seconds: float) -> Iterator[tuple[str, Site]]:
        """Kills in the first opening of a fresh namespace and in the first insert into it, before their steps."""
        begin = time.monotonic()
        kills: list[tuple[_First, int, Sequence[str]]] = []
        firsts: tuple[_First, ...] = (_open_first, _insert_first)
        for first in firsts:
            site = self._fresh_site()
            yield first(site, AFTER_THE_ANSWER, ()), site
            kills += [(first, step, site.steps) for step in distinct_steps(site.steps)]
        self._choices.shuffle(kills)
        for number, (first, step, steps) in enumerate(kills):
            if not goes_on(number, begin, seconds, least=_LEAST_KILLS):
                return
            site = self._fresh_site()
            yield first(site, step, steps), site

    def _fresh_site(self) -> Site:
        if self._witness is None:
            self._witness = self._exits.enter_context(fork_server(type(self._harness)).fork("reopened"))
        return Site(self._harness, self._create(), witness=self._witness)

    def _execute(self, kill: Kill) -> tuple[Kill, Site]:
        site = self._next_site()
        try:
            site.crash(kill.target, kill)
        except ChildError as error:
            raise ChildError(f"{self._last}\nafterwards, in another process: {error}") from error
        self._last = str(kill)
        return kill, site


def _open_first(site: Site, step: int, steps: Sequence[str]) -> str:
    with site.fork() as child:
        child.open_and_die(site.namespace, step=step)
        site.steps = child.steps
    return f"killed {_at(step, steps)}: the first opening of the namespace"


def _insert_first(site: Site, step: int, steps: Sequence[str]) -> str:
    with site.fork() as child:
        child.open(site.namespace)
        site.note(child.ask_and_die(Insert(InsertParams(kind="kit.crash")), step=step))
        site.steps = child.steps
    return f"killed {_at(step, steps)}: the first insert into the namespace"
