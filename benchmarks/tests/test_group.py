"""The group commit of the raw loops."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.sqlite._group import Group

THREADS = 8
CALLS = 50


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(tmp_path / "file.db", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    return connection


def insert(number: int) -> Callable[[sqlite3.Connection], int]:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        return number

    return work


def test_every_caller_gets_its_own_answer_and_all_is_written(connection: sqlite3.Connection) -> None:
    group = Group(connection)
    numbers = range(THREADS * CALLS)
    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(lambda number: group.run(insert(number)), numbers)) == list(numbers)
    assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (len(numbers),)
    connection.close()


def test_threads_that_keep_coming_share_commits(connection: sqlite3.Connection) -> None:
    group = Group(connection)
    commits: list[str] = []
    connection.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: group.run(insert(number)), range(THREADS * CALLS)))
    assert len(commits) < THREADS * CALLS
    connection.close()


def test_a_failing_call_is_raised_where_it_was_made_and_nothing_is_written(connection: sqlite3.Connection) -> None:
    group = Group(connection)
    assert group.run(insert(1)) == 1
    with pytest.raises(sqlite3.IntegrityError):
        group.run(insert(1))
    assert group.run(insert(2)) == 2
    assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (2,)
    connection.close()
