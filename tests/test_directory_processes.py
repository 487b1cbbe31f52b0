"""The directory backend among processes, and after one of them was killed."""

import itertools
import multiprocessing
import os
import random
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from operator import attrgetter
from pathlib import Path

import pytest
from msgspec.structs import replace

from lazyjobs import ExtendParams, InsertParams, PruneParams, Record, RetryParams, State
from tests.support.calls import (
    EVERYTHING,
    FAR_FUTURE,
    NOON,
    claim,
    claim_all,
    complete,
    discard,
    fill,
    insert,
    retry,
)
from tests.support.directory import DirectoryBackend

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
TIMEOUT = 30
FINISHED = (State.SUCCEEDED, State.DISCARDED)


def assert_unharmed(backend: DirectoryBackend) -> None:
    """Each unfinished record is claimed once when all leases have ended, ids go on, and nothing is left behind."""
    records = backend.list(EVERYTHING)
    assert backend.stats().total == len({record.id for record in records}) == len(records)
    unfinished = [record.id for record in records if record.state not in FINISHED]
    claimed = [record.id for record in claim_all(backend, now=FAR_FUTURE, queues=("a", "b"))]
    assert sorted(claimed) == sorted(unfinished)
    assert insert(backend).id > max(record.id for record in records)
    assert not (backend.root / "incoming").exists()
    assert len(list((backend.root / "due").iterdir())) == len(unfinished) + 1


barrier: Barrier


def keep_barrier(shared: Barrier) -> None:
    global barrier
    barrier = shared


def run_together(work: Callable[[Path], Sequence[int]], root: Path) -> Sequence[int]:
    """All the ids answered by four processes that do the same at the same time."""
    with CONTEXT.Pool(4, keep_barrier, (CONTEXT.Barrier(4),)) as pool:
        answers = pool.map_async(work, [root] * 4, chunksize=1).get(TIMEOUT)
    return sorted(id for ids in answers for id in ids)


def open_and_insert(root: Path) -> Sequence[int]:
    barrier.wait(TIMEOUT)
    backend = DirectoryBackend(root)
    return [insert(backend).id for _ in range(20)]


def open_and_claim(root: Path) -> Sequence[int]:
    backend = DirectoryBackend(root)
    barrier.wait(TIMEOUT)
    return [record.id for record in claim_all(backend)]


def test_several_processes_may_open_first_and_no_id_is_given_twice(tmp_path: Path) -> None:
    ids = run_together(open_and_insert, tmp_path / "jobs")
    assert ids == list(range(1, 81))
    assert sorted(record.id for record in DirectoryBackend(tmp_path / "jobs").list(EVERYTHING)) == ids


def test_a_record_is_claimed_by_one_process_only(tmp_path: Path) -> None:
    backend = DirectoryBackend(tmp_path / "jobs")
    inserted = [insert(backend).id for _ in range(120)]
    assert run_together(open_and_claim, backend.root) == inserted


# Each is tried on what `fill` leaves; none of them stores a due time that depends on the clock.
OPERATIONS: Mapping[str, Callable[[DirectoryBackend], object]] = {
    "insert": lambda backend: insert(backend, queue="a", run_at=NOON),
    "claim": lambda backend: claim(backend, queues=("a", "b"), now=NOON),
    "complete": lambda backend: complete(backend, 4, 1),
    "retry": lambda backend: retry(backend, 4, 1),
    "discard": lambda backend: discard(backend, 4, 1),
    "extend": lambda backend: backend.extend(ExtendParams(id=4, attempt=1, now=NOON)),
    "prune": lambda backend: backend.prune(PruneParams(finished_before=FAR_FUTURE, limit=1)),
}


def die_in_step(number: int) -> None:
    """Has this process killed when it is about to take that step, of those that change or lock a file."""
    steps = itertools.count()

    def count_steps(event: str, arguments: tuple[object, ...]) -> None:
        changes = event in ("os.mkdir", "os.rename", "os.remove", "os.truncate", "fcntl.flock")
        if (changes or (event == "open" and arguments[1] != "r")) and next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count_steps)


def operate(root: Path, operation: str, last_step: int) -> None:
    backend = DirectoryBackend(root)
    die_in_step(last_step)
    OPERATIONS[operation](backend)


def open_first(root: Path, last_step: int) -> None:
    die_in_step(last_step)
    DirectoryBackend(root)


def is_killed(target: Callable[..., None], *arguments: object) -> bool:
    """Whether the process that does this was killed; it ended well if not."""
    process = CONTEXT.Process(target=target, args=arguments, daemon=True)
    process.start()
    process.join(TIMEOUT)
    exit_code = process.exitcode
    process.kill()
    assert exit_code in (0, -signal.SIGKILL)
    return exit_code != 0


def stored(root: Path) -> Sequence[Record]:
    """All records, without the times that differ from run to run."""
    records = sorted(DirectoryBackend(root).list(EVERYTHING), key=attrgetter("id"))
    return [replace(record, created_at=NOON, updated_at=NOON) for record in records]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_in_any_step_an_operation_is_done_or_not_begun(tmp_path: Path, operation: str) -> None:
    fill(DirectoryBackend(tmp_path / "before"))
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    OPERATIONS[operation](DirectoryBackend(tmp_path / "after"))
    before, after = stored(tmp_path / "before"), stored(tmp_path / "after")
    left = []
    for step in itertools.count():
        root = Path(shutil.copytree(tmp_path / "before", tmp_path / f"killed in {step}"))
        if not is_killed(operate, root, operation, step):
            break
        left.append(stored(root))
        assert_unharmed(DirectoryBackend(root))
    done = left.count(after)
    assert 0 < done < len(left)
    assert left == [before] * (len(left) - done) + [after] * done


def test_killed_in_any_step_of_the_first_opening_a_directory_opens_again(tmp_path: Path) -> None:
    killed = 0
    while is_killed(open_first, tmp_path / f"jobs {killed}", killed):
        backend = DirectoryBackend(tmp_path / f"jobs {killed}")
        fill(backend)
        assert_unharmed(backend)
        killed += 1
    assert killed > 5


Moment = tuple[State, int]
FOLLOWERS: Mapping[State, Sequence[State]] = {
    State.PENDING: (State.RUNNING,),
    State.RETRYING: (State.RUNNING,),
    State.RUNNING: (State.SUCCEEDED, State.RETRYING, State.DISCARDED),
}
PAYLOAD = b'"' + b"whole " * 2_000 + b'"'


def churn(root: Path, seed: int, acknowledge: Connection) -> None:
    """Inserts, claims and finishes until it is killed, and reports each record's state once it is stored."""
    rng = random.Random(seed)
    backend = DirectoryBackend(root)
    while True:
        inserted = backend.insert(InsertParams(kind="note", queue="a", payload=PAYLOAD))
        acknowledge.send((inserted.id, State.PENDING, 0))
        record = claim(backend, queues=("a",))
        acknowledge.send((record.id, State.RUNNING, record.attempt))
        finish = rng.choice((State.SUCCEEDED, State.RETRYING, State.DISCARDED))
        if finish is State.SUCCEEDED:
            complete(backend, record.id, record.attempt)
        elif finish is State.RETRYING:
            backend.retry(RetryParams(id=record.id, attempt=record.attempt))
        else:
            discard(backend, record.id, record.attempt)
        acknowledge.send((record.id, finish, record.attempt))


def churn_and_kill(root: Path, rng: random.Random) -> Iterator[tuple[int, State, int]]:
    """All that a churning process reported before it was killed at an instant of `rng`."""
    reader, writer = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=churn, args=(root, rng.random(), writer), daemon=True)
    process.start()
    writer.close()
    try:
        for _ in range(rng.randrange(1, 40)):
            assert reader.poll(TIMEOUT)
            yield reader.recv()
        time.sleep(rng.uniform(0, 0.002))
    finally:
        process.kill()
    with suppress(EOFError), reader:
        while True:
            yield reader.recv()


def moments(backend: DirectoryBackend) -> dict[int, Moment]:
    return {record.id: (record.state, record.attempt) for record in backend.list(EVERYTHING)}


def follows(moment: Moment | None, earlier: Moment | None) -> bool:
    """Whether one step leads from `earlier` (None: not there) to `moment`."""
    if earlier is None:
        return moment == (State.PENDING, 0)
    if moment is None or moment[0] not in FOLLOWERS.get(earlier[0], ()):
        return False
    return moment[1] == earlier[1] + (moment[0] is State.RUNNING)


def test_killed_at_random_instants_it_keeps_all_that_was_acknowledged(tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    backend = DirectoryBackend(tmp_path / "jobs")
    expected: dict[int, Moment] = {}
    for _ in range(25):
        for id, state, attempt in churn_and_kill(backend.root, rng):
            expected[id] = (state, attempt)
        found = moments(backend)
        unacknowledged = [id for id in found.keys() | expected.keys() if found.get(id) != expected.get(id)]
        assert len(unacknowledged) <= 1
        assert all(follows(found.get(id), expected.get(id)) for id in unacknowledged)
        expected = found
    assert {record.payload for record in backend.list(EVERYTHING)} == {PAYLOAD}
    assert_unharmed(backend)
