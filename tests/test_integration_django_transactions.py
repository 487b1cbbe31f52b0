"""Enqueuing in a transaction on the SQLite file that stores the jobs: refused, since it would wait for itself."""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.utils import ConnectionHandler
from django.test import override_settings

import tests.support.django_setup  # noqa: F401 (before any task)
from lazyjobs import BaseJob, JobRunner
from lazyjobs.integrations.django import EnqueueInTransactionError, get_runner
from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_testkit import Jobs
from tests.support.django_site import tasks

AT_ONCE = 5.0
"""Seconds; what waits for itself takes the thirty of the busy timeout."""


@dataclass
class Note(BaseJob):
    kind = "note"
    text: str = "hello"

    def work(self) -> None: ...


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The file of the databases `shop` and, by a link, `linked`; that of `other` lies beside it."""
    return tmp_path / "shop.db"


@pytest.fixture(autouse=True)
def _databases(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    link, other = shop.with_name("link.db"), shop.with_name("other.db")
    link.symlink_to(shop)
    engine = {"ENGINE": "django.db.backends.sqlite3"}
    handler = ConnectionHandler(
        {
            DEFAULT_DB_ALIAS: {**engine, "NAME": ":memory:"},
            "shop": {**engine, "NAME": shop},
            "linked": {**engine, "NAME": str(link)},
            "other": {**engine, "NAME": other},
            "by_hand": {**engine, "NAME": shop, "AUTOCOMMIT": False},
        }
    )
    added = [alias for alias in handler.settings if alias != DEFAULT_DB_ALIAS]
    for alias in added:
        monkeypatch.setitem(connections.settings, alias, handler.settings[alias])
    with connections["shop"].cursor() as cursor:
        cursor.execute("CREATE TABLE orders (id INTEGER)")
    yield
    for alias in added:
        connections[alias].close()
        del connections[alias]


@pytest.fixture
def runner(shop: Path) -> Iterator[JobRunner]:
    """A plain runner, nobody's task backend, whose jobs are in the file of the shop."""
    runner = JobRunner(f"sqlite:///{shop}", jobs=[Note])
    yield runner
    runner.close()


@contextmanager
def project(url: str) -> Iterator[JobRunner]:
    entry = {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "QUEUES": [], "OPTIONS": {"url": url}}
    with override_settings(TASKS={"default": entry, "other": entry}):
        yield get_runner()


def write(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("INSERT INTO orders VALUES (1)")


def refuse(enqueue: Callable[[], object]) -> EnqueueInTransactionError:
    began = monotonic()
    with pytest.raises(EnqueueInTransactionError) as refused:
        enqueue()
    assert monotonic() - began < AT_ONCE
    return refused.value


@pytest.mark.parametrize("alias", ["shop", "linked"])
@pytest.mark.parametrize("first", [True, False], ids=["file is opened", "file is not opened yet"])
def test_a_plain_runner_refuses(runner: JobRunner, alias: str, first: bool, shop: Path) -> None:
    if first:
        runner.enqueue(Note())
    with transaction.atomic(using=alias):
        write(alias)
        refused = refuse(lambda: runner.enqueue(Note()))
    assert (refused.alias, refused.path) == (alias, os.path.realpath(shop))
    assert "enqueue by transaction.on_commit()" in str(refused)
    assert runner.backend.stats().total == first


def test_a_task_is_refused(shop: Path) -> None:
    with project(f"sqlite:///{shop}") as runner:
        with transaction.atomic(using="shop"):
            write("shop")
            refuse(tasks.tell.enqueue)
        assert runner.backend.stats().total == 0
        tasks.tell.enqueue()
        assert runner.backend.stats().total == 1


def test_so_it_is_before_anything_was_written(runner: JobRunner) -> None:
    with transaction.atomic(using="shop"):
        refuse(lambda: runner.enqueue(Note()))


def test_so_it_is_in_a_transaction_within_one_and_after_a_savepoint(runner: JobRunner) -> None:
    with transaction.atomic(using="shop"):
        with transaction.atomic(using="shop"):
            refuse(lambda: runner.enqueue(Note()))
        with suppress(LookupError), transaction.atomic(using="shop"):
            write("shop")
            raise LookupError("back to the savepoint")
        refuse(lambda: runner.enqueue(Note()))


def test_so_it_is_in_a_transaction_that_was_begun_by_hand(runner: JobRunner) -> None:
    write("by_hand")
    refuse(lambda: runner.enqueue(Note()))
    connections["by_hand"].commit()
    runner.enqueue(Note())
    with connections["shop"].cursor() as cursor:
        cursor.execute("BEGIN")
        refuse(lambda: runner.enqueue(Note()))
        cursor.execute("ROLLBACK")
    runner.enqueue(Note())


def test_so_it_is_when_the_file_is_attached_to_another_database(runner: JobRunner, shop: Path) -> None:
    with connections["other"].cursor() as cursor:
        cursor.execute("ATTACH DATABASE %s AS shop", [str(shop)])
    with transaction.atomic(using="other"):
        refuse(lambda: runner.enqueue(Note()))


def test_so_it_is_for_a_path_that_is_written_otherwise(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.parent)
    for url in ("sqlite:///shop.db", "sqlite:///link.db", f"sqlite:///{shop.parent}/../{shop.parent.name}/shop.db"):
        runner = JobRunner(url, jobs=[Note])
        with transaction.atomic(using="shop"):
            refuse(lambda: runner.enqueue(Note()))  # noqa: B023 (called at once)
        runner.close()


def test_so_it_is_for_a_backend_that_was_given(shop: Path) -> None:
    with closing(SQLiteBackend(shop)) as backend, transaction.atomic(using="shop"):
        refuse(lambda: JobRunner(backend, jobs=[Note]).enqueue(Note()))


def test_so_it_is_for_each_way_to_enqueue(runner: JobRunner) -> None:
    with transaction.atomic(using="shop"):
        refuse(lambda: runner.enqueue_in(Note(), timedelta(hours=1)))
        refuse(lambda: runner.enqueue_at(Note(), datetime(2030, 1, 1, tzinfo=UTC)))


def test_jobs_in_another_file_or_elsewhere_are_stored(shop: Path) -> None:
    for url in (f"sqlite:///{shop.parent}/jobs.db", "memory://"):
        runner = JobRunner(url, jobs=[Note])
        with transaction.atomic(using="shop"):
            write("shop")
            runner.enqueue(Note())
        assert runner.backend.stats().total == 1
        runner.close()


def test_a_transaction_on_another_file_or_of_another_thread_refuses_nothing(runner: JobRunner) -> None:
    with transaction.atomic(using="other"), transaction.atomic():
        runner.enqueue(Note())
    with transaction.atomic(using="shop"):
        helper = Thread(target=runner.enqueue, args=[Note()])
        helper.start()
        helper.join(60)
    assert runner.backend.stats().total == 2


def test_on_commit_is_what_to_do(runner: JobRunner) -> None:
    with transaction.atomic(using="shop"):
        write("shop")
        transaction.on_commit(lambda: runner.enqueue(Note()), using="shop")
    assert runner.backend.stats().total == 1


def test_a_test_that_has_the_jobs_in_memory_may_enqueue_in_its_transaction(runner: JobRunner) -> None:
    with Jobs(runner) as jobs, transaction.atomic(using="shop"):
        runner.enqueue(Note())
        assert len(jobs.drain()) == 1


def test_the_error_goes_from_process_to_process() -> None:
    error = EnqueueInTransactionError("shop", "/srv/shop.db")
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), str(copied), copied.alias) == (EnqueueInTransactionError, str(error), "shop")


def checked(url: str) -> list[CheckMessage]:
    entry: dict[str, Any] = {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "OPTIONS": {"url": url}}
    with override_settings(TASKS={"default": entry}):
        return [message for message in run_checks() if message.id.startswith("lazyjobs.")]


def test_the_checks_see_it_coming(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.parent)
    for url in (f"sqlite:///{shop}", "sqlite:///link.db"):
        messages = checked(url)
        assert [message.id for message in messages] == ["lazyjobs.W002"] * 3
        assert {alias for alias in ("shop", "linked", "by_hand") for each in messages if repr(alias) in each.msg} == {
            "shop",
            "linked",
            "by_hand",
        }
        assert "transaction.on_commit()" in messages[0].hint
        assert "ATOMIC_REQUESTS" not in messages[0].msg
    assert checked(f"sqlite:///{shop.parent}/jobs.db") == []
    assert checked("memory://") == []


def test_the_checks_say_when_each_request_is_such_a_transaction(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["shop"].settings_dict, "ATOMIC_REQUESTS", True)
    (message,) = [each for each in checked(f"sqlite:///{shop}") if "'shop'" in each.msg]
    assert "ATOMIC_REQUESTS makes each request such a transaction" in message.msg
