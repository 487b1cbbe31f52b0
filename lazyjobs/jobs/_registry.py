"""The job classes a runner knows, by kind."""

from collections.abc import Callable
from inspect import isabstract
from typing import Generic, TypeVar

from msgspec import Struct

from lazyjobs.contract import InsertParams
from lazyjobs.jobs._codec import Codec
from lazyjobs.jobs._errors import DuplicateKindError, InvalidJobError, UnknownKindError
from lazyjobs.jobs._fields import check_fields, describe
from lazyjobs.jobs._given import shorten, show_given
from lazyjobs.jobs._job import DEFAULT_MAX_ATTEMPTS, DEFAULT_QUEUE, Job
from lazyjobs.jobs._methods import check_methods
from lazyjobs.jobs._reason import brief_of

J = TypeVar("J", bound=Job)


class Definition(Struct, frozen=True, kw_only=True):
    """A registered job class, as it is shown."""

    kind: str
    type: str
    """Module and qualified name of the class."""
    queue: str
    """Where `enqueue` puts it if nothing else is said."""
    max_attempts: int


class Registration(Generic[J]):
    """A job class with what was learned about it when it was registered."""

    __slots__ = ("cls", "codec", "definition")

    def __init__(self, cls: type[J]) -> None:
        self.cls = cls
        self.definition = _define(cls)
        check_fields(cls)
        self.codec = Codec(cls)


FindJob = Callable[[str], type[Job] | None]


class Registry:
    """Registrations by kind, safe in any thread; `find_job` is asked for the class of a kind that is not registered."""

    def __init__(self, find_job: FindJob | None = None) -> None:
        self._by_kind: dict[str, Registration[Job]] = {}
        self._find_job = find_job

    def register(self, cls: type[J]) -> type[J]:
        """Adds `cls` and returns it; adding it again changes nothing.

        Raises `InvalidJobError` or `DuplicateKindError`, and adds nothing, when it could not work.
        """
        if not isinstance(cls, type):
            raise InvalidJobError(f"only classes can be registered, not {_show(cls)}")
        kind = getattr(cls, "kind", None)
        known = self._by_kind.get(kind) if isinstance(kind, str) else None
        if known is None:
            registration = Registration[Job](cls)
            known = self._by_kind.setdefault(registration.definition.kind, registration)  # of two threads, the first
        if known.cls is not cls:
            raise DuplicateKindError(known.definition.kind, describe(known.cls), describe(cls))
        return cls

    def find(self, kind: str) -> Registration[Job]:
        """The registration of `kind`; raises `UnknownKindError`, also when asking for its class fails."""
        known = self._by_kind.get(kind)
        return known if known is not None else self._ask_for(kind)

    def _ask_for(self, kind: str) -> Registration[Job]:
        try:
            cls = None if self._find_job is None else self._find_job(kind)
            if cls is not None:
                self.register(cls)
        except Exception as error:
            reason = f"looking for one failed: {brief_of(error)}"
            raise UnknownKindError(kind, tuple(self._by_kind), reason) from error
        try:
            return self._by_kind[kind]
        except KeyError:
            raise UnknownKindError(kind, tuple(self._by_kind)) from None

    def find_for(self, job: Job) -> Registration[Job]:
        """The registration of the class of `job`.

        Raises `UnknownKindError`, or `InvalidJobError` if the kind belongs to another class.
        """
        if isinstance(job, type):
            raise InvalidJobError(f"{describe(job)} is a class; enqueue an instance of it")
        registration = self.find(getattr(job, "kind", describe(type(job))))
        if registration.cls is not type(job):
            known = describe(registration.cls)
            raise InvalidJobError(f"{describe(type(job))} is not registered; its kind is that of {known}")
        return registration

    def definitions(self) -> tuple[Definition, ...]:
        """What is registered, in the order of registration."""
        return tuple(registration.definition for registration in list(self._by_kind.values()))


def _show(value: object) -> str:
    """What was given in the place of a class; a job without its fields, which are a payload."""
    if hasattr(value, "work"):
        return f"a {describe(type(value))}; give its class"
    return shorten(repr(value)) if isinstance(value, str) else show_given(value)


def _define(cls: type[Job]) -> Definition:
    kind = getattr(cls, "kind", None)
    if not isinstance(kind, str):
        raise InvalidJobError(f'{describe(cls)} has no kind; add  kind: ClassVar[str] = "a.stable.name"')
    if isabstract(cls):
        raise InvalidJobError(f"{describe(cls)} is abstract; register the classes that implement it")
    check_methods(cls)
    queue, max_attempts = (
        getattr(cls, "job_queue", DEFAULT_QUEUE),
        getattr(cls, "job_max_attempts", DEFAULT_MAX_ATTEMPTS),
    )
    try:
        params = InsertParams(kind=kind, queue=queue, max_attempts=max_attempts)
    except (TypeError, ValueError) as error:
        raise InvalidJobError(f"{describe(cls)}: {error}") from error
    return Definition(kind=params.kind, type=describe(cls), queue=params.queue, max_attempts=params.max_attempts)
