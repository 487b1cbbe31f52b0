"""A harness made of nothing but a URL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from typing import ClassVar

import msgspec

from lazyjobs import (
    Backend,
    BackendURL,
    BackendURLError,
    ClaimParams,
    CompleteParams,
    ListOptions,
    PruneParams,
    SupportsClose,
    SupportsPrune,
    open_backend,
)
from lazyjobs_testkit.harness._harness import Harness, HarnessError
from lazyjobs_testkit.harness._traits import Traits

BACKEND_ENTRY_POINTS = "lazyjobs.backends"
"""The group by which an installed backend offers itself to `open_backend`, under its URLs' scheme."""

PLACE = "{namespace}"
_LEFT_BEHIND = "a URL cannot say how to remove a namespace: what was stored in them is left for you to remove"
_ONE_STORE = "the URL has no {namespace} in it: every rule used the same store, emptied through the backend itself"
_LATEST = datetime(2199, 1, 1, tzinfo=UTC)


class URLHarness(Harness):
    """Opens a URL; where it has `{namespace}` in it, each namespace takes that place.

    A URL cannot say how to remove a namespace: what was stored stays behind. Without `{namespace}` everything happens
    in one store, which is emptied after each test by finishing and pruning; whoever runs the kit sees to it that it is
    empty at first.
    """

    url: ClassVar[str]

    def open(self, namespace: str) -> Backend:
        return open_backend(self.url_of(namespace))

    def url_of(self, namespace: str) -> str:
        """The URL, with the namespace in its place."""
        return self.url.replace(PLACE, namespace)

    def destroy(self, namespace: str) -> None:  # noqa: ARG002 (there is only one store to empty)
        if self.one_store:
            self._empty()

    @classmethod
    def reference(cls) -> str:
        """The URL as it was given, with its secrets: for child processes alone."""
        return cls.url

    @classmethod
    def conceal(cls, text: str) -> str:
        return BackendURL.parse(cls.url).conceal(text)

    def _empty(self) -> None:
        backend = open_backend(self.url)
        try:
            if isinstance(backend, SupportsPrune):
                _finish_all(backend)
                while backend.prune(PruneParams(finished_before=_LATEST)):
                    pass
        finally:
            if isinstance(backend, SupportsClose):
                backend.close()


def _finish_all(backend: Backend) -> None:
    unfinished = len(backend.list(ListOptions(limit=None)))
    queues = tuple(backend.stats().by_queue)
    for _ in range(unfinished if queues else 0):
        record = backend.claim(ClaimParams(queues=queues, now=_LATEST, lease=timedelta(microseconds=1)))
        if record is None:
            break
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))


def make_url_harness(url: str, traits: Traits, declared: Sequence[str] = ()) -> type[Harness]:
    """The harness of a URL, with `traits` and what `declared` adds to them; raises `HarnessError` for a strange one."""
    traits = declare_traits(traits, declared)
    _check_url(url)
    members: dict[str, object] = {"url": url, "name": BackendURL.mask(url), "traits": traits}
    if not traits.single_instance:
        members["one_store"] = PLACE not in url
        members["notes"] = (_LEFT_BEHIND if PLACE in url else _ONE_STORE,)
    return type("URLHarness", (URLHarness,), members)


def _check_url(url: str) -> None:
    shown = BackendURL.mask(url)
    if "{" in url.replace(PLACE, "") or "}" in url.replace(PLACE, ""):
        raise HarnessError(f"{shown} has a brace in it; the place of a namespace's name is written {PLACE}")
    try:
        scheme = BackendURL.parse(url).scheme
    except BackendURLError as error:
        raise HarnessError(str(error)) from error
    installed = entry_points(group=BACKEND_ENTRY_POINTS).names
    if scheme not in installed:
        known = ", ".join(sorted(installed)) or "none"
        raise HarnessError(
            f"no backend is installed for the scheme {scheme!r} of {shown} (installed: {known}); install the "
            "distribution that offers it"
        )


def declare_traits(traits: Traits, declared: Sequence[str]) -> Traits:
    """`traits` with what `name` or `name=value` texts declare; durations as ISO 8601, such as PT0.5S."""
    pairs = (text.partition("=") for text in declared)
    values = {name: value if equals else "true" for name, equals, value in pairs}
    if unknown := values.keys() - set(Traits.__struct_fields__):
        known = ", ".join(Traits.__struct_fields__)
        raise HarnessError(f"there is no trait {', '.join(sorted(unknown))} (known: {known})")
    try:
        changed = msgspec.convert(values, Traits, strict=False)
    except msgspec.ValidationError as error:
        raise HarnessError(f"cannot declare {', '.join(declared)}: {error}") from error
    return msgspec.structs.replace(traits, **{name: getattr(changed, name) for name in values})
