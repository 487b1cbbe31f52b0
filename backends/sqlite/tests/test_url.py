from datetime import timedelta
from pathlib import Path

import pytest

from lazyjobs import BackendError, BackendURLError, open_backend
from lazyjobs_sqlite import SQLiteBackend


def opened(url: str) -> SQLiteBackend:
    backend = open_backend(url)
    assert isinstance(backend, SQLiteBackend)
    backend.close()
    return backend


def test_four_slashes_begin_an_absolute_path(tmp_path: Path) -> None:
    opened(f"sqlite:///{tmp_path}/jobs.db")
    assert (tmp_path / "jobs.db").is_file()


def test_three_slashes_begin_a_path_from_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    opened("sqlite:///folder/with%20space%23%3F.db")
    assert (tmp_path / "folder" / "with space#?.db").is_file()


def test_the_options_are_those_of_the_constructor(tmp_path: Path) -> None:
    opened(f"sqlite:///{tmp_path}/jobs.db?durability=normal&busy_timeout=0.5&prefix=mail_2")
    SQLiteBackend(
        tmp_path / "jobs.db", durability="normal", busy_timeout=timedelta(seconds=0.5), prefix="mail_2"
    ).close()


@pytest.mark.parametrize(
    ("url", "part", "reason"),
    [
        ("sqlite://jobs.db", "host", "for a file here write sqlite:///jobs.db"),
        ("sqlite://", "path", "names no file"),
        ("sqlite:///", "path", "names no file"),
        ("sqlite:///folder/", "path", "names no file"),
        ("sqlite:///a%00b", "path", "control character in it, '\\x00'"),
        ("sqlite:///jobs.db\n", "path", "has a line end or control character in it, '\\n'"),
        ("sqlite:///jobs.db%0A", "path", "has a line end or control character in it, '\\n'"),
        ("sqlite:///jobs.db%0d", "path", "has a line end or control character in it, '\\r'"),
        ("sqlite:///jobs%1b.db", "path", "control character in it, '\\x1b'"),
        ("sqlite:///jobs.db%7f", "path", "control character in it, '\\x7f'"),
        ("sqlite:///jobs.db%C2%85", "path", "has a line end or control character"),
        ("sqlite:///jobs.db%E2%80%A8", "path", "has a line end or control character"),
        ("sqlite:///\njobs.db", "path", "has a line end or control character"),
        ("sqlite:///folder%2F", "path", "names no file"),
        ("sqlite:////", "path", "names no file"),
        ("sqlite:///:memory:", "path", "for jobs that are kept in memory alone open memory://"),
        ("sqlite:///%3Amemory%3A", "path", "for jobs that are kept in memory alone open memory://"),
        ("sqlite:///file:jobs.db", "path", "write the path alone, 'jobs.db'"),
        ("sqlite:///FILE%3Ajobs.db", "path", "write the path alone, 'jobs.db'"),
        ("sqlite:///a\ud800.db", "path", "cannot be the name of a file"),
        ("sqlite://ada@/jobs.db", "user", "SQLite knows none; remove it from the URL"),
        ("sqlite://:secret@/jobs.db", "user", "SQLite knows none; remove it from the URL"),
        ("sqlite://:8000/jobs.db", "port", "SQLite knows none; remove it from the URL"),
        ("sqlite:///jobs.db?durability=off", "option 'durability'", "must be full or normal, not 'off'"),
        ("sqlite:///jobs.db?busy_timeout=soon", "option 'busy_timeout'", "a number of seconds such as 5 or 0.5"),
        ("sqlite:///jobs.db?busy_timeout=nan", "option 'busy_timeout'", "a number of seconds such as 5 or 0.5"),
        ("sqlite:///jobs.db?busy_timeout=-1", "option 'busy_timeout'", "must be from 0 to 1:00:00"),
        ("sqlite:///jobs.db?busy_timeout=1e9", "option 'busy_timeout'", "must be from 0 to 1:00:00"),
        ("sqlite:///jobs.db?prefix=", "option 'prefix'", "must be 1 to 40 characters of a-z 0-9 _"),
        ("sqlite:///jobs.db?prefix=Mail", "option 'prefix'", "must be 1 to 40 characters of a-z 0-9 _"),
        ("sqlite:///jobs.db?prefix=sqlite_jobs", "option 'prefix'", "not with 'sqlite'"),
        ("sqlite:///jobs.db?prefix=a;b", "option 'prefix'", "must be 1 to 40 characters of a-z 0-9 _"),
        ("sqlite:///jobs.db?create=maybe", "option 'create'", "must be yes or no, not 'maybe'"),
        ("sqlite:///jobs.db?mode=rw", "option 'mode'", "must be three octal digits such as 600 or 660, not 'rw'"),
        ("sqlite:///jobs.db?mode=060", "option 'mode'", "the first of them 6"),
        ("sqlite:///jobs.db?mode=777", "option 'mode'", "octal digits of 0, 2, 4 and 6"),
        ("sqlite:///jobs.db?mode=1660", "option 'mode'", "must be three octal digits"),
        ("sqlite:///jobs.db?timeout=5", "option 'timeout'", "knows: durability, busy_timeout, prefix, create, mode"),
    ],
)
def test_what_means_nothing_is_refused_and_no_file_made(
    url: str, part: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackendURLError) as refused:
        open_backend(url)
    assert refused.value.part == part
    assert reason in refused.value.reason
    assert list(tmp_path.iterdir()) == []


def test_with_create_no_a_file_that_is_not_there_is_an_error_and_one_that_is_opens(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"typo\.db is not there, and with create=no it is not made"):
        open_backend(f"sqlite:///{tmp_path}/typo.db?create=no")
    assert list(tmp_path.iterdir()) == []
    opened(f"sqlite:///{tmp_path}/jobs.db?create=yes")
    opened(f"sqlite:///{tmp_path}/jobs.db?create=no")


def test_the_constructor_refuses_what_the_url_refuses(tmp_path: Path) -> None:
    for name in ("", "folder/", "a\0b", "jobs.db\n", ":memory:", "file:jobs.db"):
        with pytest.raises(ValueError, match=r"no file|line end|URI"):
            SQLiteBackend(name)
    for options in (
        {"durability": "off"},
        {"mode": 0o444},
        {"mode": 0o1600},
        {"mode": True},
        {"prefix": "1"},
        {"busy_timeout": timedelta(days=1)},
    ):
        with pytest.raises(ValueError, match="must be"):
            SQLiteBackend(tmp_path / "jobs.db", **options)
