"""Everything lazyjobs raises on purpose, below one base."""

from typing import Self

from lazyjobs.contract import _masking as masking


class LazyJobsError(Exception):
    """The base of every error that lazyjobs and its backends raise on purpose."""


class BackendError(LazyJobsError):
    """The storage could not do what was asked.

    The only errors that leave a backend are this one, its subclasses and `ClaimLostError`. What the storage itself
    raised is chained as `__cause__`. Raise a subclass where one fits.
    """


class BackendUnavailableError(BackendError):
    """The storage gave no answer; the same call may succeed later.

    The call may or may not have taken effect. Finishing again with the same parameters is safe; inserting again may
    insert a second record.
    """


class BackendClosedError(BackendError):
    """The backend was closed; open another one."""

    def __init__(self, message: str = "the backend is closed; open another one") -> None:
        super().__init__(message)


class PayloadTooLargeError(BackendError, ValueError):
    """A payload exceeds what the backend stores; nothing was written."""

    def __init__(self, kind: str, size: int, limit: int) -> None:
        super().__init__(
            f"the payload of the {kind!r} job has {size} bytes and this backend stores at most {limit}; nothing was "
            "written; store the data elsewhere and enqueue a reference to it"
        )
        self.kind = kind
        self.size = size
        self.limit = limit

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.kind, self.size, self.limit)


class ClaimLostError(LazyJobsError):
    """The claim `(id, attempt)` no longer holds its record; nothing was changed.

    Not a `BackendError`, since the backend is well: the record is unknown, was finished, or was claimed again after
    its lease had ended. Whoever holds the newer claim decides its outcome, so drop this one. `found` says what the
    backend saw instead.
    """

    def __init__(self, id: int, attempt: int, found: str) -> None:
        super().__init__(
            f"attempt {attempt} no longer holds record {id} (found: {found}); nothing was changed; drop this outcome"
        )
        self.id = id
        self.attempt = attempt
        self.found = found

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.id, self.attempt, self.found)


class BackendURLError(LazyJobsError, ValueError):
    """A backend URL has a part that means nothing; `part` names it, and `url` is the URL as it may be shown.

    It takes the URL as it was given, and has `***` in the place of each of its secrets, in every text of its own.
    """

    def __init__(self, url: str, part: str, reason: str) -> None:
        self.url = masking.mask_url(url)
        self.part = part
        self.reason = masking.mask_secrets(reason, url)
        super().__init__(f"cannot open the backend {self.url!r}: {part}: {self.reason}")

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.url, self.part, self.reason)


class UnknownBackendError(LazyJobsError, LookupError):
    """No installed distribution offers a backend for the scheme of a URL."""

    def __init__(self, scheme: str, installed: tuple[str, ...], hint: str) -> None:
        known = ", ".join(installed) or "none"
        self.scheme = masking.mask_url(scheme)
        super().__init__(f"no backend is installed for the scheme {self.scheme!r} (installed: {known}); {hint}")
        self.installed = installed
        self.hint = hint

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.scheme, self.installed, self.hint)
