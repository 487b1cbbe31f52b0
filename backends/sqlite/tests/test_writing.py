"""How commits come about, seen from the statements."""

import sqlite3
from collections.abc import Callable
from threading import Event, Thread
from time import sleep

from lazyjobs import ClaimLostError, ClaimParams, CompleteParams, InsertParams
from lazyjobs_sqlite import SQLiteBackend

Watching = Callable[..., type[sqlite3.Connection]]


def test_a_finish_and_the_next_claim_are_one_commit(
    open_it: Callable[..., SQLiteBackend], durability: str, watching: Watching
) -> None:
    statements: list[str] = []
    backend = open_it(
        durability=durability, connection_class=watching(lambda _, statement: statements.append(statement))
    )
    for _ in range(2):
        backend.insert(InsertParams(kind="greet"))
    record = backend.claim(ClaimParams())
    assert record is not None
    statements.clear()
    following = backend.finish_and_claim(CompleteParams(id=record.id, attempt=1), ClaimParams())
    assert following is not None
    assert statements.count("COMMIT") == 1


def test_those_who_come_during_a_commit_share_the_next(
    open_it: Callable[..., SQLiteBackend], watching: Watching
) -> None:
    commits: list[str] = []
    committing, go_on = Event(), Event()

    def hold_up(_: sqlite3.Connection, statement: str) -> None:
        if statement == "COMMIT":
            commits.append(statement)
            committing.set()
            go_on.wait(20)

    go_on.set()
    backend = open_it(connection_class=watching(hold_up))
    commits.clear()
    committing.clear()
    go_on.clear()
    threads = [Thread(target=backend.insert, args=(InsertParams(kind="greet"),)) for _ in range(9)]
    threads[0].start()
    assert committing.wait(20)
    for thread in threads[1:]:
        thread.start()
    sleep(0.1)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert backend.stats().total == 9
    assert len(commits) < 9


def test_a_lost_claim_does_not_fail_those_in_the_same_commit(open_it: Callable[..., SQLiteBackend]) -> None:
    backend = open_it()
    backend.insert(InsertParams(kind="greet"))
    record = backend.claim(ClaimParams())
    assert record is not None
    outcomes: list[str] = []

    def complete(id: int) -> None:
        try:
            backend.complete(CompleteParams(id=id, attempt=1))
        except ClaimLostError as error:
            outcomes.append(f"lost {error.id}")
        else:
            outcomes.append("completed")

    threads = [Thread(target=complete, args=(id,)) for id in (record.id, 77, 78)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["completed", "lost 77", "lost 78"]
