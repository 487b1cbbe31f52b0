"""Opening a backend by its URL."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import NoReturn, Protocol, Self, TypeVar, final
from urllib.parse import unquote, unquote_plus

from lazyjobs.contract import _checks as checks
from lazyjobs.contract import _masking as masking
from lazyjobs.contract._backend import Backend
from lazyjobs.contract._errors import BackendURLError, UnknownBackendError

ENTRY_POINTS = "lazyjobs.backends"
_DISTRIBUTIONS = {"memory": "lazyjobs-memory", "sqlite": "lazyjobs-sqlite", "sqs+dynamodb": "lazyjobs-aws"}

T = TypeVar("T")


# No Struct and no dataclass: both have their fields shown, and encoded, by whoever is asked to show an object.
@final
class BackendURL:
    """A backend's URL in parts, made by `parse`: `scheme://user:password@host:port/path?options`; an immutable value.

    The text is split before its parts are percent-decoded: user and password end at the last `@` before the path, the
    port stands behind a `]` where the host is an IPv6 address. A part that is absent is None, or "" for host and path.

    Nothing shows the password, nor an option that tells a secret: `str`, `repr`, `text`, `options` and every error have
    `***` in its place. Only `password` and `read_options` give them out. An option tells a secret if its name contains
    password, passwd, secret, token or key, in any case, or if its value holds a URL with a user in it, or such a name
    with a value of its own. Pickling keeps the secrets.
    """

    __slots__ = ("_given", "_secret_options", "host", "options", "password", "path", "port", "scheme", "text", "user")

    scheme: str
    """In lower case."""
    user: str | None
    password: str | None
    host: str
    """Without the brackets around an IPv6 address."""
    port: int | None
    """From 1 to 65535."""
    path: str
    """As it stands behind the host and port, with its leading slash."""
    options: Mapping[str, str]
    """As they may be shown; `read_options` reads what was given."""
    text: str
    """The text it came from, as it may be shown. No backend can be opened by it if it hides something."""
    # What was given, for children that are to open the same backend.
    _given: str
    _secret_options: Mapping[str, str]

    def __init__(self, text: str) -> None:
        raw = _split(text)
        options = _parse_options(text, raw.query)
        values = {
            "scheme": raw.scheme.lower(),
            "user": _decode(text, "user", raw.user),
            "password": _decode(text, "password", raw.password),
            "host": _decode(text, "host", raw.host.removeprefix("[").removesuffix("]")),
            "port": None if raw.port is None else int(raw.port),
            "path": _decode(text, "path", raw.path),
            "options": MappingProxyType({name: _show_option(name, value) for name, value in options.items()}),
            "text": masking.mask_url(text),
            "_given": text,
            "_secret_options": options,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a BackendURL cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a BackendURL cannot be changed: {name}")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"BackendURL({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return self._given == other._given if isinstance(other, BackendURL) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._given)

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self._given,)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `text`; raises `BackendURLError` naming the part that is wrong.

        Refused are an option given twice; an `@` behind the place if there is a `:` in it, as it leaves open where the
        password ends (write `%40`, or `%2F` for a `/` in the password); and `***` in the place of a secret: whoever
        passes a URL on passes the text that was given. A password that is three stars is written `%2A%2A%2A`.
        """
        return cls(text)

    @staticmethod
    def mask(text: str) -> str:
        """`text` as it may be shown, with `***` for its secrets; also of a text that `parse` refuses."""
        return masking.mask_url(text)

    def conceal(self, text: str) -> str:
        """`text` with `***` in the place of each of this URL's secrets, such as what a driver says of a connection."""
        return masking.mask_secrets(text, self._given)

    def read_options(self, **readers: Callable[[str], T]) -> dict[str, T]:
        """The options given, each read by the callable of its name (`int`, say).

        Raises `BackendURLError` for an option without a reader, and where a reader raises ValueError; with the reader's
        reason, unless the option tells a secret.
        """
        return {name: self._read_option(name, readers) for name in self._secret_options}

    def _read_option(self, name: str, readers: Mapping[str, Callable[[str], T]]) -> T:
        if name not in readers:
            known = ", ".join(readers) or "none"
            raise self.refuse(f"option {name!r}", f"unknown; {self.scheme}:// knows: {known}")
        value = self._secret_options[name]
        try:
            return readers[name](value)
        except ValueError as error:
            refused = error
        if masking.tells_secret(name, value):
            # The reader's own error would tell the value, so it is not chained either.
            raise self.refuse(f"option {name!r}", "its value is refused; it is not shown, as it may be a secret")
        raise self.refuse(f"option {name!r}", str(refused)) from refused

    def refuse(self, part: str, reason: str) -> BackendURLError:
        """The error to raise when `part` of this URL means nothing to a backend."""
        return BackendURLError(self._given, part, reason)

    def check_absent(self, *parts: str, reason: str) -> None:
        """Raises `BackendURLError` with `reason` for the first of `parts` that the URL has, by its field's name.

        A backend asks for each part that it has no use for: `url.check_absent("user", "password", "port", reason=…)`.
        """
        for part in parts:
            value = getattr(self, part)
            if value or (value == "" and part in ("user", "password")):
                raise self.refuse(part, reason)


class OpensFromURL(Protocol):
    """What an entry point of the group `lazyjobs.backends` loads: usually the backend's class."""

    def from_url(self, url: BackendURL) -> Backend:
        """Opens the backend; raises `BackendURLError` for each part that it has no use for or cannot understand.

        `url.check_absent(…)` and `url.read_options(…)` raise it, and `url.refuse(…)` makes it.
        """


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


def _split(text: str) -> masking.RawParts:
    checks.check_text("the URL", text)
    try:
        raw = masking.split_url(text)
    except masking.MalformedURLError as error:
        wrong = error
    else:
        if raw.password == masking.HIDDEN:
            raise BackendURLError(text, "password", _HIDDEN_HERE)
        return raw
    raise BackendURLError(text, wrong.part, wrong.reason)


_HIDDEN_HERE = f"{masking.HIDDEN} stands for one that is not shown; pass the URL as it was given, with the secret in it"


def _decode(text: str, part: str, value: str | None) -> str | None:
    return None if value is None else _decode_by(unquote, text, part, value)


def _decode_by(decoder: Callable[..., str], text: str, part: str, value: str) -> str:
    try:
        return decoder(value, errors="strict")
    except UnicodeDecodeError:
        pass  # it holds the whole part, which may be the password, and would be chained
    raise BackendURLError(text, part, "the percent-encoded bytes are not UTF-8")


def _parse_options(text: str, query: str | None) -> dict[str, str]:
    options: dict[str, str] = {}
    for number, field in enumerate(query.split("&") if query else (), 1):
        name, equals, value = field.partition("=")
        if not equals:
            raise BackendURLError(text, "options", f"number {number} has no =; write name=value, joined by &")
        name = _decode_by(unquote_plus, text, "options", name)
        if value == masking.HIDDEN:
            raise BackendURLError(text, f"option {name!r}", _HIDDEN_HERE)
        if name in options:
            raise BackendURLError(text, f"option {name!r}", "given twice")
        options[name] = _decode_by(unquote_plus, text, "options", value)
    return options


def _show_option(name: str, value: str) -> str:
    return masking.HIDDEN if masking.tells_secret(name, value) else value
