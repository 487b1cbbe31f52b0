"""What a look at the backend costs: requests at one moment share it, no payload is read, and few rows are rendered."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from lazyjobs import JobRunner, ListOptions, Record, State, Stats
from lazyjobs.control import _looks
from lazyjobs.control._http import Answer
from lazyjobs.control._looks import MOST, Looks
from lazyjobs.control._plane import ControlPlane
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.control import ask
from tests.support.waiting import GENEROUS, wait_until

TIMEOUT = GENEROUS.total_seconds()


@pytest.fixture
def sharing(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Those who wait for a look that somebody else takes, or have seen one."""
    sharing: list[object] = []

    class Counted(Future[object]):
        def result(self, timeout: float | None = None) -> object:
            sharing.append(self)
            return super().result(timeout)

    monkeypatch.setattr(_looks, "Future", Counted)
    return sharing


class Gate:
    """Looks that take until the gate is opened; each shows which one it is."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.opened = Event()
        self.looks: Looks[str, str] = Looks(self._look)

    def _look(self, asked: str) -> str:
        self.begun.append(asked)
        number = len(self.begun)
        assert self.opened.wait(TIMEOUT)
        return f"{asked} {number}"


@contextmanager
def asking(gate: Gate, *asked: str) -> Iterator[Callable[[], list[str]]]:
    """Asks for these, each in a thread of its own; in the end, gives what each of them saw."""
    with ThreadPoolExecutor(len(asked)) as pool:
        futures = [pool.submit(gate.looks.take, one) for one in asked]
        try:
            yield lambda: [future.result(TIMEOUT) for future in futures]
        finally:
            gate.opened.set()


def test_those_who_ask_while_looks_are_under_way_share_the_next(sharing: list[object]) -> None:
    gate = Gate()
    with asking(gate, *["a"] * MOST) as first:
        wait_until(lambda: len(gate.begun) == MOST)
        with asking(gate, *["a"] * 20) as then:
            wait_until(lambda: len(sharing) == 19)
            gate.opened.set()
            assert set(then()) == {f"a {MOST + 1}"}
        assert set(first()) == {"a 1", "a 2"}
    assert len(gate.begun) == MOST + 1 == 3


def test_a_look_begins_after_the_question_it_answers() -> None:
    written = 0
    looks: Looks[int, int] = Looks(lambda _: written)
    with ThreadPoolExecutor(8) as pool:
        for written in range(50):
            seen = list(pool.map(looks.take, range(8)))
            assert seen == [written] * 8


def test_looks_at_different_things_are_not_shared_and_wait_for_their_turn() -> None:
    gate = Gate()
    with asking(gate, "a", "b", "c", "d") as seen:
        wait_until(lambda: len(gate.begun) == MOST)
        assert len(gate.looks._next) == 4 - MOST
        gate.opened.set()
        assert [one[0] for one in seen()] == ["a", "b", "c", "d"]
    assert sorted(gate.begun) == ["a", "b", "c", "d"]


def test_a_look_that_fails_fails_for_all_who_share_it_and_the_next_is_well() -> None:
    fails = Event()
    fails.set()

    def look(_: str) -> int:
        if fails.is_set():
            raise ValueError("no")
        return 7

    looks = Looks(look)
    for _ in range(MOST + 1):
        with pytest.raises(ValueError, match="no"):
            looks.take("a")
    fails.clear()
    assert looks.take("a") == 7


@pytest.mark.parametrize("accept", ["application/json", "text/html", "application/vnd.lazyjobs.page+json"])
def test_many_requests_at_one_moment_cost_a_few_looks(accept: str, sharing: list[object]) -> None:
    opened = Event()
    backend = PlainBackend(lambda name: None if name != "stats" else assert_opened(opened))
    plane = ControlPlane(JobRunner(backend), page=True)

    def get() -> Answer:
        return ask(plane, accept=accept)

    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(get) for _ in range(30)]
        wait_until(lambda: len(sharing) == 30 - MOST - 1)
        opened.set()
        answers = [future.result(TIMEOUT) for future in asked]
    assert {answer.status for answer in answers} == {200}
    assert backend.calls == {"stats": MOST + 1, "list": MOST + 1}


def assert_opened(opened: Event) -> None:
    assert opened.wait(TIMEOUT)


class Watched(MemoryBackend):
    """Keeps what `list` was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[ListOptions] = []

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        self.asked.append(options)
        return super().list(options)


@pytest.mark.parametrize("query", ["", "state=discarded"])
@pytest.mark.parametrize("accept", ["application/json", "text/html", "application/vnd.lazyjobs.page+json"])
def test_no_look_asks_for_payloads(accept: str, query: str) -> None:
    backend = Watched()
    for source in (backend, JobRunner(backend)):
        assert ask(ControlPlane(source, page=True), query=query, accept=accept).status == 200
    assert [options.payloads for options in backend.asked] == [False, False]


class Crowded(MemoryBackend):
    """Has very many queues and kinds."""

    def stats(self) -> Stats:
        names = {f"name-{number:05}": number + 1 for number in range(20_000)}
        total = sum(names.values())
        states = {name: {State.PENDING: count} for name, count in names.items()}
        return Stats(total=total, by_state={State.PENDING: total}, by_kind=names, by_queue=names, by_queue_state=states)


def test_of_20000_queues_and_kinds_only_the_rows_that_are_shown_are_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []

    def visible(text: str) -> str:
        rendered.append(text)
        return text

    monkeypatch.setattr("lazyjobs.control._counts.visible", visible)
    page = ask(ControlPlane(Crowded(), page=True), accept="text/html").body.decode()
    assert len(rendered) <= 4 * 50
    assert page.count("and 19,950 others") == 2
    assert page.count("<small>20,000</small>") == 2
    assert page.index('id="queue-name-19999"') < page.index('id="queue-name-19950"')
    assert 'id="queue-name-19949"' not in page
    assert 'id="kind-name-19950"' in page
    assert 'id="kind-name-19949"' not in page
