"""Backends that do not close as they should."""

from lazyjobs import BackendClosedError
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant


class ReadsAfterClose(CorrectBackend):
    """List and stats answer after close."""

    def check_open(self, method: str) -> None:
        if method not in ("list", "stats"):
            super().check_open(method)


class RaisesItsOwnError(CorrectBackend):
    """After close the driver's own error is raised."""

    def check_open(self, method: str) -> None:  # noqa: ARG002
        if self.closed:
            raise RuntimeError("cannot operate on a closed connection")


class ExtendsAfterClose(CorrectBackend):
    """After close extend does not notice it."""

    def check_open(self, method: str) -> None:
        if method != "extend":
            super().check_open(method)


class ClosesOnce(CorrectBackend):
    """Closing again raises BackendClosedError."""

    def close(self) -> None:
        if self.closed:
            raise BackendClosedError
        super().close()


MUTANTS = (
    Mutant(ReadsAfterClose.Harness, "CLS-01", r"list answered .* after close"),
    Mutant(RaisesItsOwnError.Harness, "CLS-01", r"insert raised RuntimeError after close: cannot operate"),
    Mutant(ExtendsAfterClose.Harness, "CLS-02", r"extend raised ClaimLostError after close"),
    Mutant(ClosesOnce.Harness, "CLS-03", r"BackendClosedError"),
)
