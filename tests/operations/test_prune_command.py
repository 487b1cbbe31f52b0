"""`lazyjobs prune`: old finished records are deleted, and nothing else."""

from datetime import UTC, datetime, timedelta

from lazyjobs import Backend, CompleteParams, InsertParams, State
from tests.support.commands import Command
from tests.support.operations import claim, stock


def finish_some(backend: Backend, count: int) -> None:
    for _ in range(count):
        backend.insert(InsertParams(kind="sum"))
        backend.complete(CompleteParams(id=claim(backend, "default").id, attempt=1))


def test_it_deletes_what_is_finished_and_old(command: Command, backend: Backend, backend_url: str) -> None:
    stock(backend)
    outcome = command.done("prune", "--older-than", "0s", "--backend", backend_url)
    assert outcome.out.startswith("deleted: 2, finished and unchanged since 20")
    assert outcome.out.endswith("Z\n")
    assert {record.state for record in backend.list()} == {State.PENDING, State.RUNNING, State.RETRYING}


def test_what_is_not_old_enough_stays(command: Command, backend: Backend, backend_url: str) -> None:
    stock(backend)
    assert command.done("prune", "--older-than", "1h", "--backend", backend_url).out.startswith("deleted: 0, ")
    assert backend.stats().total == 5


def test_batches_go_on_until_nothing_is_left(command: Command, backend: Backend, backend_url: str) -> None:
    finish_some(backend, 7)
    options = ("--older-than", "0s", "--batch", "3", "--backend", backend_url)
    assert command.done("prune", *options).out.startswith("deleted: 7, ")
    assert backend.stats().total == 0


def test_a_dry_run_counts_what_would_be_deleted_and_deletes_nothing(
    command: Command, backend: Backend, backend_url: str
) -> None:
    stock(backend)
    for duration, count in ("0s", 2), ("1h", 0):
        options = ("--older-than", duration, "--dry-run", "--backend", backend_url)
        assert command.done("prune", *options).out.startswith(f"to delete: {count}, ")
    assert backend.stats().total == 5


def test_for_programs_it_tells_count_and_time(command: Command, backend: Backend, backend_url: str) -> None:
    stock(backend)
    for options, dry in (["--dry-run"], True), ([], False):
        found = command.done("prune", "--older-than", "1s", "--json", *options, "--backend", backend_url).json
        assert found.keys() == {"count", "dry_run", "finished_before"}
        assert found["dry_run"] is dry
        ago = datetime.now(UTC) - datetime.fromisoformat(found["finished_before"])
        assert timedelta(seconds=1) <= ago < timedelta(minutes=1)
