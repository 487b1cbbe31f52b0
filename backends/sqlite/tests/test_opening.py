import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lazyjobs import BackendError, InsertParams
from lazyjobs_sqlite import SQLiteBackend, _setup


def test_a_missing_directory_is_not_made_but_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    path = tmp_path / "missing" / "jobs.db"
    said = refusal(lambda: SQLiteBackend(path))
    assert str(path) in said
    assert "see that the directory is there" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"not a database at all", b"x" * 100_000])
def test_what_is_no_database_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BackendError, match=f"{path}: it is not an SQLite database; name another file"):
        SQLiteBackend(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=f"{tmp_path} is a directory; name a file in it"):
        SQLiteBackend(tmp_path)


def test_the_path_is_that_of_the_file_whatever_link_led_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    monkeypatch.chdir(path.parent)
    for given in (path, link, link.name):
        with closing(SQLiteBackend(given)) as backend:
            assert backend.path == path.resolve()


def test_an_empty_file_becomes_a_new_one(path: Path) -> None:
    path.touch()
    with closing(SQLiteBackend(path)) as backend:
        assert backend.insert(InsertParams(kind="greet")).id == 1


def test_the_tables_of_others_stay_untouched(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE users (name TEXT)")
        connection.execute("INSERT INTO users VALUES ('Ada')")
    for prefix in ("lazyjobs", "mail"):
        with closing(SQLiteBackend(path, prefix=prefix)) as backend:
            assert backend.stats().total == 0
            backend.insert(InsertParams(kind="greet"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM users").fetchall() == [("Ada",)]


def test_a_table_of_the_same_name_is_not_taken_over(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE lazyjobs_records (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(BackendError, match="choose another prefix"):
        SQLiteBackend(path)
    with closing(sqlite3.connect(path)) as connection:
        assert [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")] == ["lazyjobs_records"]
    assert len(path.read_bytes()) == len(before)


def test_a_symbolic_link_leads_to_the_same_place(path: Path, tmp_path: Path) -> None:
    with closing(SQLiteBackend(path)) as backend:
        (tmp_path / "link.db").symlink_to(path)
        with closing(SQLiteBackend(tmp_path / "link.db")) as linked:
            linked.insert(InsertParams(kind="greet"))
        assert backend.stats().total == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["jobs.db", "jobs.db-lazyjobs", "link.db"]


def test_the_current_directory_may_change_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(SQLiteBackend("jobs.db")) as backend:
        monkeypatch.chdir("/")
        backend.insert(InsertParams(kind="greet"))
    assert (tmp_path / "jobs.db").is_file()


def test_an_sqlite_that_is_too_old_is_told_by_its_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_setup, "OLDEST_SQLITE", (99, 1, 2))
    with pytest.raises(BackendError, match=r"is too old, 99\.1\.2 is needed; use a newer Python"):
        SQLiteBackend(path)
    assert not path.exists()


def test_opening_what_is_up_to_date_does_not_import_sqlite_utils(path: Path) -> None:
    SQLiteBackend(path).close()
    program = (
        "import sys; from lazyjobs import open_backend; open_backend(sys.argv[1]).close(); "
        "sys.exit('sqlite_utils' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, f"sqlite:///{path}"], check=False).returncode == 0


def test_a_file_with_a_second_name_is_refused_by_either(path: Path, open_it: Callable[..., SQLiteBackend]) -> None:
    first = open_it()
    first.insert(InsertParams(kind="greet"))
    other = path.with_name("other.db")
    other.hardlink_to(path)
    for name in (path, other):
        with pytest.raises(BackendError, match=f"{name} is one of 2 names of the same file"):
            SQLiteBackend(name)
    assert first.insert(InsertParams(kind="greet")).id == 2
    assert not list(path.parent.glob("other.db-*"))
    other.unlink()
    assert open_it().stats().total == 2
