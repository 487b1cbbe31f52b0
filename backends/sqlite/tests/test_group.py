"""Group commit by itself, with a function in the place of the transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Any, cast

import pytest

from lazyjobs import BackendUnavailableError, ClaimLostError
from lazyjobs_sqlite._group import Action, Call, Group

CONNECTION = cast(sqlite3.Connection, None)
LONG = 20


class Commits:
    """Serves calls, after it was let; remembers who was served together."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.began = Event()
        self.go_on = Event()
        self.error: BaseException | None = None

    def serve(self, calls: Sequence[Call]) -> None:
        self.groups.append(len(calls))
        self.began.set()
        assert self.go_on.wait(LONG)
        interruption, self.error = self.error, None
        if interruption is not None:
            raise interruption
        for call in calls:
            assert call.action is not None
            try:
                call.answer(call.action(CONNECTION))
            except ClaimLostError as error:
                call.fail(error)


class Caller(Thread):
    def __init__(self, group: Group, action: Action) -> None:
        super().__init__(daemon=True)
        self.answer: Any = None
        self._group = group
        self._action = action
        self.start()

    def run(self) -> None:
        try:
            self.answer = self._group.run(self._action)
        except Exception as error:
            self.answer = error

    def result(self) -> Any:
        self.join(LONG)
        assert not self.is_alive()
        return self.answer


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
def group(commits: Commits) -> Group:
    return Group(commits.serve)


def _answer(number: int, _: sqlite3.Connection) -> int:
    return number


def test_callers_that_come_during_a_commit_share_the_next(
    group: Group, commits: Commits, wait_until: Callable[..., None]
) -> None:
    callers = [Caller(group, lambda _: "first")]
    assert commits.began.wait(LONG)
    callers += [Caller(group, partial(_answer, number)) for number in range(5)]
    wait_until(lambda: len(group._waiting) == 5)
    commits.go_on.set()
    assert [caller.result() for caller in callers] == ["first", 0, 1, 2, 3, 4]
    assert commits.groups == [1, 5]


def test_a_lone_caller_never_waits_for_company(group: Group, commits: Commits) -> None:
    commits.go_on.set()
    group._mean = 10.0
    began = monotonic()
    for _ in range(100):
        assert group.run(lambda _: None) is None
    assert commits.groups == [1] * 100
    assert monotonic() - began < 5


def test_each_caller_gets_its_own_error(group: Group, commits: Commits, wait_until: Callable[..., None]) -> None:
    def lose(_: object) -> None:
        raise ClaimLostError(7, 1, "no such record")

    callers = [Caller(group, lambda _: "first")]
    assert commits.began.wait(LONG)
    callers += [Caller(group, lose), Caller(group, lambda _: "well")]
    wait_until(lambda: len(group._waiting) == 2)
    commits.go_on.set()
    answers = [caller.result() for caller in callers]
    assert [type(answer) for answer in answers] == [str, ClaimLostError, str]


def test_an_interrupted_leader_leaves_nobody_waiting(
    group: Group, commits: Commits, wait_until: Callable[..., None]
) -> None:
    commits.error = KeyboardInterrupt()
    interrupted: list[BaseException] = []

    def lead() -> None:
        try:
            group.run(lambda _: None)
        except KeyboardInterrupt as error:
            interrupted.append(error)

    leader = Thread(target=lead, daemon=True)
    leader.start()
    assert commits.began.wait(LONG)
    follower = Caller(group, lambda _: "served")
    wait_until(lambda: len(group._waiting) == 1)
    commits.go_on.set()
    leader.join(LONG)
    assert len(interrupted) == 1
    assert follower.result() == "served"
    assert group.run(lambda _: "well") == "well"


def test_who_was_not_served_is_told_so(group: Group) -> None:
    with pytest.raises(BackendUnavailableError, match="interrupted; try again"):
        Call(lambda _: None).outcome()


def test_while_it_is_held_nobody_commits(group: Group, commits: Commits, wait_until: Callable[..., None]) -> None:
    commits.go_on.set()
    group.hold()
    caller = Caller(group, lambda _: "later")
    wait_until(lambda: len(group._waiting) == 1)
    assert commits.groups == []
    group.release()
    assert caller.result() == "later"
