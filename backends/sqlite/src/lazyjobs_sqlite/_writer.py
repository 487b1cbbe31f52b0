"""Who commits, and how: together with others and one after the other, or each by itself."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import Any, Protocol

from lazyjobs import BackendError, ClaimLostError
from lazyjobs_sqlite import _errors as errors
from lazyjobs_sqlite._damage import UnreadableRowError
from lazyjobs_sqlite._file import JobFile, Link
from lazyjobs_sqlite._group import Action, Call, Group
from lazyjobs_sqlite._turns import Turns


class Writer(Protocol):
    """Runs actions, each whole or not at all, and returns when they are as durable as they are to be."""

    def run(self, action: Action, *, whole: bool = False) -> Any:
        """What `action` returns; `whole` says that it has more than one statement."""

    def hold(self) -> None:
        """Waits for what is under way, and keeps everything else from beginning until `release`."""

    def release(self) -> None: ...

    def disconnect(self) -> None:
        """Closes the connection, while held; the next action opens another."""

    def start_over(self) -> None:
        """In a forked child, while held and disconnected: lets go of the parent's files, and of `hold`."""

    def close(self) -> None:
        """Closes for good, once what is under way has ended."""


class GroupWriter:
    """Commits for all callers together, taking turns with other processes: for commits that wait for the disk."""

    def __init__(self, file: JobFile, link: Link, turns: Turns) -> None:
        self._file = file
        self._link = link
        self._turns = turns
        self._group = Group(self._serve)
        self._committing = False
        self.hold = self._group.hold
        self.release = self._group.release

    def run(self, action: Action, *, whole: bool = False) -> Any:  # noqa: ARG002 (a group is always a transaction)
        return self._group.run(action)

    def close(self) -> None:
        self._group.hold()
        try:
            self._link.shut()
            self._turns.close()
        finally:
            self._group.release()

    def disconnect(self) -> None:
        self._link.close()

    def start_over(self) -> None:
        self._turns.close()
        self._group.start_over()

    def _serve(self, calls: Sequence[Call]) -> None:
        try:
            self._link.run(partial(self._commit, calls), alone=True)
        except (BackendError, OSError) as error:
            if isinstance(error, OSError):
                error = _chained(errors.translate_system(error, self._file.path), error)
            if len(calls) > 1 and not self._committing:
                for call in calls:
                    self._serve([call])
                return
            for call in calls:
                call.fail(error)
        except BaseException:
            self._turns.release()
            raise

    def _commit(self, calls: Sequence[Call], connection: sqlite3.Connection) -> None:
        self._committing = False
        with self._turns.taken():
            self._link.confirm()
            self._link.begin(connection)
            outcomes = [_try(call.action, connection) for call in calls]
            self._committing = True
            connection.execute("COMMIT")
        for call, (result, error) in zip(calls, outcomes, strict=True):
            if error is None:
                call.answer(result)
            else:
                call.fail(error)


class SoleWriter:
    """Commits for one caller at a time: for commits that do not wait for the disk, where grouping costs more."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = Lock()

    def run(self, action: Action, *, whole: bool = False) -> Any:
        with self._lock:
            if whole:
                return self._link.run(partial(self._link.transact, action), alone=True)
            return self._link.run(action)

    def hold(self) -> None:
        self._lock.acquire()

    def release(self) -> None:
        self._lock.release()

    def close(self) -> None:
        with self._lock:
            self._link.shut()

    def disconnect(self) -> None:
        self._link.close()

    def start_over(self) -> None:
        self._lock = Lock()


def _try(action: Action | None, connection: sqlite3.Connection) -> tuple[Any, Exception | None]:
    assert action is not None
    try:
        return action(connection), None
    except (ClaimLostError, UnreadableRowError) as error:
        return None, error


def _chained(error: BackendError, cause: Exception) -> BackendError:
    error.__cause__ = cause
    return error
