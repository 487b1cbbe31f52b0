"""Backends that are opened by a URL, and make the wrong thing of it."""

from typing import ClassVar, Self

from lazyjobs import BackendError, BackendUnavailableError, BackendURL
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant, OddBackend
from lazyjobs_testkit.zoo._table import Table, TableHarness

_NO_USE = "there is nobody to ask"


class AddressedHarness(TableHarness):
    """Tells the URL of a namespace."""

    def url_of(self, namespace: str) -> str:
        return f"zoo:///{namespace}"


class Addressed(CorrectBackend):
    """Is opened by a URL, whose path is the namespace."""

    harness_base = AddressedHarness
    refused: ClassVar[tuple[str, ...]] = ("user", "password", "host", "port")

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        url.check_absent(*cls.refused, reason=_NO_USE)
        cls.check_options(url)
        return cls(cls.table_of(url))

    @classmethod
    def check_options(cls, url: BackendURL) -> None:
        url.read_options()

    @classmethod
    def table_of(cls, url: BackendURL) -> Table:
        tables: dict[str, Table] = cls.Harness.tables  # type: ignore[attr-defined]
        return tables.setdefault(url.path.removeprefix("/"), cls.table_class())


class LetsAnybodyIn(Addressed):
    """Asks a server, which is at no other port, and lets anybody in."""

    refused = ()

    @classmethod
    def table_of(cls, url: BackendURL) -> Table:
        if url.port is not None:
            raise BackendUnavailableError(f"nobody answers at port {url.port}")
        return super().table_of(url)


class KeepsTheSlash(Addressed):
    """Takes the path with its slash for the namespace's name."""

    @classmethod
    def table_of(cls, url: BackendURL) -> Table:
        tables: dict[str, Table] = cls.Harness.tables  # type: ignore[attr-defined]
        return tables.setdefault(url.path, cls.table_class())


class IgnoresTheAccount(Addressed):
    """Ignores a user and a password."""

    refused = ("host", "port")


class IgnoresThePort(Addressed):
    """Ignores a port."""

    refused = ("user", "password", "host")


class IgnoresOptions(Addressed):
    """Ignores options that it does not know."""

    @classmethod
    def check_options(cls, url: BackendURL) -> None:
        pass


class TellsThePassword(Addressed):
    """Refuses a user, and quotes the password."""

    refused = ("host", "port")

    @classmethod
    def table_of(cls, url: BackendURL) -> Table:
        if url.user is not None:
            raise BackendError(f"cannot connect as {url.user} with {url.password}")
        return super().table_of(url)


class ChainsThePassword(Addressed):
    """Refuses a user, and chains an error that quotes the password."""

    refused = ("host", "port")

    @classmethod
    def table_of(cls, url: BackendURL) -> Table:
        if url.user is not None:
            raise BackendUnavailableError("cannot connect") from OSError(f"cannot connect with {url.password}")
        return super().table_of(url)


class ShowsThePassword(LetsAnybodyIn):
    """Shows the password in its repr."""

    def __init__(self, table: Table, password: str | None = None) -> None:
        super().__init__(table)
        self.password = password

    def __repr__(self) -> str:
        return f"ShowsThePassword(password={self.password!r})"

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        cls.check_options(url)
        return cls(cls.table_of(url), url.password)


MUTANTS = (
    Mutant(KeepsTheSlash.Harness, "URL-01", r"opened by its URL, the namespace shows nothing, not record 1"),
    Mutant(IgnoresTheAccount.Harness, "URL-02", r"zoo://kit-user@/kit_\w+ was opened as if it had no user"),
    Mutant(IgnoresThePort.Harness, "URL-02", r"zoo://:1/kit_\w+ was opened as if it had no port"),
    Mutant(IgnoresOptions.Harness, "URL-03", r"was opened as if it had no option kit_unknown"),
    Mutant(TellsThePassword.Harness, "URL-04", r"zoo://kit-user:\*\*\*@/\w+ raised tells the password in its text"),
    Mutant(ChainsThePassword.Harness, "URL-04", r"tells the password in its (cause, OSError|traceback)"),
    Mutant(ShowsThePassword.Harness, "URL-04", r"the repr of what was opened tells the password"),
)
ODD_BACKENDS = (OddBackend(Addressed.Harness), OddBackend(LetsAnybodyIn.Harness))
