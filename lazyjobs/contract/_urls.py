"""Opening a backend by its URL."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, Self, TypeVar
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from lazyjobs.contract._backend import Backend
from lazyjobs.contract._errors import BackendURLError, UnknownBackendError

ENTRY_POINTS = "lazyjobs.backends"
_DISTRIBUTIONS = {"memory": "lazyjobs-memory", "sqlite": "lazyjobs-sqlite", "sqs+dynamodb": "lazyjobs-aws"}

T = TypeVar("T")


class BackendURL(Struct, frozen=True, kw_only=True):
    """A backend's URL in parts: `scheme://host/path?options`; `str()` gives the text it came from.

    The parts are percent-decoded. An option given twice is refused when the URL is parsed.
    """

    scheme: str
    host: str = ""
    path: str = ""
    """As it stands behind the host, with its leading slash."""
    options: Mapping[str, str] = {}
    text: str

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `text`; raises `BackendURLError` naming the part that is wrong."""
        scheme, separator, rest = text.partition("://")
        if not separator or not scheme:
            raise BackendURLError(text, "scheme", "a URL starts with a scheme and ://, such as memory://")
        place, _, query = rest.partition("?")
        if "#" in rest:
            raise BackendURLError(text, "fragment", "a backend URL has none; write %23 for a # in a name")
        host, slash, path = place.partition("/")
        return cls(
            scheme=scheme.lower(),
            host=cls._decode(text, "host", host),
            path=cls._decode(text, "path", slash + path),
            options=cls._parse_options(text, query),
            text=text,
        )

    @staticmethod
    def _decode(text: str, part: str, value: str) -> str:
        try:
            return unquote(value, errors="strict")
        except UnicodeDecodeError as error:
            raise BackendURLError(text, part, f"the percent-encoded bytes are not UTF-8: {error}") from error

    @staticmethod
    def _parse_options(text: str, query: str) -> dict[str, str]:
        options: dict[str, str] = {}
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
        except ValueError as error:
            raise BackendURLError(text, "options", f"{error}; write name=value, joined by &") from error
        for name, value in pairs:
            if name in options:
                raise BackendURLError(text, f"option {name!r}", "given twice")
            options[name] = value
        return options

    def read_options(self, **readers: Callable[[str], T]) -> dict[str, T]:
        """The options given, each read by the callable of its name (`int`, say).

        Raises `BackendURLError` for an option without a reader, and where a reader raises ValueError.
        """
        values: dict[str, T] = {}
        for name, value in self.options.items():
            if name not in readers:
                known = ", ".join(readers) or "none"
                raise BackendURLError(self.text, f"option {name!r}", f"unknown; {self.scheme}:// knows: {known}")
            try:
                values[name] = readers[name](value)
            except ValueError as error:
                raise BackendURLError(self.text, f"option {name!r}", str(error)) from error
        return values

    def refuse(self, part: str, reason: str) -> BackendURLError:
        """The error to raise when `part` of this URL means nothing to a backend."""
        return BackendURLError(self.text, part, reason)


class OpensFromURL(Protocol):
    """What an entry point of the group `lazyjobs.backends` loads: usually the backend's class."""

    def from_url(self, url: BackendURL) -> Backend:
        """Opens the backend; raises `BackendURLError` for what it cannot understand, by `url.refuse(…)`."""


def open_backend(url: str) -> Backend:
    """Opens the backend that `url` names; the caller closes it if it `SupportsClose`.

    Its scheme is looked up among the entry points of the installed distributions. Raises `UnknownBackendError` when
    none offers it, `BackendURLError` naming the part that is wrong, and what opening that backend raises.
    """
    parts = BackendURL.parse(url)
    return _find_opener(parts.scheme).from_url(parts)


def _find_opener(scheme: str) -> OpensFromURL:
    installed: dict[str, EntryPoint] = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
    if scheme in installed:
        opener: OpensFromURL = installed[scheme].load()
        return opener
    distribution = _DISTRIBUTIONS.get(scheme)
    hint = f"pip install {distribution}" if distribution else "install the distribution that offers it"
    raise UnknownBackendError(scheme, tuple(sorted(installed)), hint)
