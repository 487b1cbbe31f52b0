"""The directory backend opens and closes, refuses what it cannot open, and says so when it gets no answer."""

import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lazyjobs import (
    Backend,
    BackendClosedError,
    BackendError,
    BackendUnavailableError,
    BackendURL,
    BackendURLError,
    ClaimParams,
    PruneParams,
    SupportsClaimMany,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
    SupportsPrune,
    SupportsWait,
)
from tests.support.calls import (
    EVERYTHING,
    NOON,
    claim,
    complete,
    discard,
    extend,
    files,
    fill,
    insert,
    retry,
)
from tests.support.directory import FORMAT, DirectoryBackend


@pytest.fixture
def backend(tmp_path: Path) -> DirectoryBackend:
    return DirectoryBackend(tmp_path / "jobs")


def test_it_offers_extend_prune_and_close_beside_the_seven_and_nothing_more(backend: DirectoryBackend) -> None:
    assert isinstance(backend, Backend)
    offered = (SupportsExtend, SupportsPrune, SupportsClose)
    assert all(isinstance(backend, capability) for capability in offered)
    missing = (SupportsWait, SupportsInsertMany, SupportsClaimMany, SupportsFinishAndClaim)
    assert not any(isinstance(backend, capability) for capability in missing)


def test_what_was_stored_is_there_for_the_next_to_open_it(backend: DirectoryBackend) -> None:
    fill(backend)
    before = backend.list(EVERYTHING)
    backend.close()
    assert DirectoryBackend(backend.root).list(EVERYTHING) == before


def test_closing_twice_is_fine_and_afterwards_every_method_says_so(backend: DirectoryBackend) -> None:
    backend.close()
    backend.close()
    calls: Sequence[Callable[[], object]] = [
        lambda: insert(backend),
        lambda: backend.claim(ClaimParams()),
        *(lambda change=change: change(backend, 1, 1) for change in (complete, retry, discard, extend)),
        backend.list,
        backend.stats,
        lambda: backend.prune(PruneParams(finished_before=NOON)),
    ]
    for call in calls:
        with pytest.raises(BackendClosedError):
            call()


def test_a_directory_out_of_reach_is_unavailable_with_its_cause(backend: DirectoryBackend) -> None:
    insert(backend)
    away = backend.root.rename(backend.root.with_name("away"))
    with pytest.raises(BackendUnavailableError, match="jobs") as caught:
        backend.stats()
    assert isinstance(caught.value.__cause__, OSError)
    away.rename(backend.root)
    assert backend.stats().total == 1


def test_a_path_below_a_file_is_unavailable_with_its_cause(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendUnavailableError, match="file/jobs") as caught:
        DirectoryBackend(tmp_path / "file" / "jobs")
    assert isinstance(caught.value.__cause__, NotADirectoryError)


@pytest.mark.parametrize("content", [b"", b'{"id":1}', b'{"kind":"\xff"}'])
def test_a_damaged_record_is_named(backend: DirectoryBackend, content: bytes) -> None:
    insert(backend)
    (backend.root / "records" / "1.json").write_bytes(content)
    with pytest.raises(BackendError, match=r"records/1\.json is damaged"):
        backend.list()


def test_a_newer_format_is_refused_untouched(backend: DirectoryBackend) -> None:
    (backend.root / "format").write_text(str(FORMAT + 1))
    before = files(backend.root)
    with pytest.raises(BackendError, match=f"format {FORMAT + 1}"):
        DirectoryBackend(backend.root)
    assert files(backend.root) == before


def test_a_url_opens_it(tmp_path: Path) -> None:
    url = BackendURL.parse(f"directory://{tmp_path}/two%20words?fsync=yes")
    fill(DirectoryBackend.from_url(url))
    assert DirectoryBackend(tmp_path / "two words").stats().total == 5


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("directory://host/path", "host"),
        ("directory://", "path"),
        ("directory:///", "path"),
        ("directory:///tmp/%00", "path"),
        ("directory:///tmp/never-made?fsync=maybe", "option 'fsync'"),
        ("directory:///tmp/never-made?cache=1", "option 'cache'"),
    ],
)
def test_a_url_that_means_nothing_is_refused_by_its_part(url: str, part: str) -> None:
    with pytest.raises(BackendURLError) as caught:
        DirectoryBackend.from_url(BackendURL.parse(url))
    assert caught.value.part == part


def test_a_pickled_instance_is_another_on_the_same_directory(backend: DirectoryBackend) -> None:
    other = pickle.loads(pickle.dumps(backend))
    insert(backend)
    assert claim(other).id == 1
    other.close()
    assert backend.stats().total == 1


def test_a_relative_path_is_meant_from_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    backend = DirectoryBackend("jobs")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert insert(backend).id == 1
    assert backend.root == tmp_path / "jobs"


@pytest.mark.parametrize("fsync", [True, False])
def test_with_fsync_each_step_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: bool) -> None:
    backend = DirectoryBackend(tmp_path / "jobs", fsync=fsync)
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    insert(backend)
    steps = ("last-id", "due", "records/1.json", "records") if fsync else ()
    assert flushed == [(backend.root / name).stat().st_ino for name in steps]
