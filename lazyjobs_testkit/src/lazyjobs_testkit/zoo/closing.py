"""Backends that do not close as they should."""

from lazyjobs import BackendClosedError
from lazyjobs_testkit.zoo._animal import Animal
from lazyjobs_testkit.zoo._base import TameBackend


class ReadsAfterClose(TameBackend):
    """List and stats answer after close."""

    def check_open(self, method: str) -> None:
        if method not in ("list", "stats"):
            super().check_open(method)


class RaisesItsOwnError(TameBackend):
    """After close the driver's own error is raised."""

    def check_open(self, method: str) -> None:  # noqa: ARG002
        if self.closed:
            raise RuntimeError("cannot operate on a closed connection")


class ExtendsAfterClose(TameBackend):
    """After close extend does not notice it."""

    def check_open(self, method: str) -> None:
        if method != "extend":
            super().check_open(method)


class ClosesOnce(TameBackend):
    """Closing again raises BackendClosedError."""

    def close(self) -> None:
        if self.closed:
            raise BackendClosedError
        super().close()


ANIMALS = (
    Animal(ReadsAfterClose.Harness, "CLS-01", r"list answered .* after close"),
    Animal(RaisesItsOwnError.Harness, "CLS-01", r"insert raised RuntimeError after close: cannot operate"),
    Animal(ExtendsAfterClose.Harness, "CLS-02", r"extend raised ClaimLostError after close"),
    Animal(ClosesOnce.Harness, "CLS-03", r"BackendClosedError"),
)
