"""One opened file: who writes to it, who reads from it, and who is woken."""

from functools import partial

from lazyjobs_sqlite._bell import Bell
from lazyjobs_sqlite._file import JobFile, Link
from lazyjobs_sqlite._fork import survive_forks
from lazyjobs_sqlite._readers import Readers
from lazyjobs_sqlite._settings import Durability, Settings
from lazyjobs_sqlite._setup import check_sqlite, prepare, prepare_another
from lazyjobs_sqlite._turns import Turns
from lazyjobs_sqlite._writer import GroupWriter, SoleWriter, Writer


class Store:
    """Opens the file, makes it ready, and runs what is to be done on it."""

    def __init__(self, settings: Settings) -> None:
        check_sqlite()
        file = JobFile(settings)
        prepare(file)
        make_link = partial(Link, file, partial(prepare_another, file), partial(prepare, file))
        writing = make_link(begins="BEGIN IMMEDIATE")
        self._writer: Writer = (
            GroupWriter(file, writing, Turns(file.place, settings.path, settings.busy_timeout))
            if settings.durability is Durability.FULL
            else SoleWriter(writing)
        )
        self._readers = Readers(partial(make_link, begins="BEGIN"))
        self.bell = Bell(file.place)
        self.write = self._writer.run
        self.read = self._readers.run
        self.closed = False
        survive_forks(self)

    def close(self) -> None:
        self.closed = True
        self._writer.close()
        self._readers.close()
        self.bell.close()

    def hold(self) -> None:
        """Stands still, with no connection open, until `release`."""
        self._writer.hold()
        self._readers.hold()
        self.bell.hold()
        self._writer.disconnect()
        self._readers.disconnect()

    def release(self) -> None:
        self.bell.release()
        self._readers.release()
        self._writer.release()

    def start_over(self) -> None:
        """In a forked child, while held."""
        self._writer.start_over()
        self._readers.start_over()
        self.bell.start_over()
