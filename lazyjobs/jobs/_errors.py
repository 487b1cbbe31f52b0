"""What can be wrong with a job, its type or its payload."""

from typing import Self

from lazyjobs.contract import LazyJobsError


class InvalidJobError(LazyJobsError, TypeError):
    """A class cannot be registered as a job; the message names the class, the part and the mend."""


class DuplicateKindError(LazyJobsError, ValueError):
    """Two classes claim one kind; records of that kind could not tell them apart."""

    def __init__(self, kind: str, registered: str, refused: str) -> None:
        super().__init__(
            f"the kind {kind!r} of {refused} is already that of {registered}; give one of them another kind"
        )
        self.kind = kind
        self.registered = registered
        self.refused = refused

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.kind, self.registered, self.refused)


class UnknownKindError(LazyJobsError, LookupError):
    """No class is registered for a kind."""

    def __init__(self, kind: str, known: tuple[str, ...], reason: str = "") -> None:
        registered = f"(registered: {', '.join(known) or 'none'})"
        super().__init__(f"no job is registered for the kind {kind!r} {registered}{reason and f'; {reason}'}")
        self.kind = kind
        self.known = known
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.kind, self.known, self.reason)


class EncodeError(LazyJobsError, ValueError):
    """A job's fields cannot be stored so that they would come back; nothing was written."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"the {kind!r} job cannot be stored, nothing was written: {reason}")
        self.kind = kind
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.kind, self.reason)


class DecodeError(LazyJobsError, ValueError):
    """A stored payload does not fit the fields of the class registered for its kind."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"the payload does not fit the {kind!r} job: {reason}")
        self.kind = kind
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.kind, self.reason)
