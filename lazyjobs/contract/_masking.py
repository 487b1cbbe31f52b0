"""What of a backend's URL may be shown: all but its password and what its secret options say."""

import re
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

HIDDEN = "***"
_SHORT = 4
SCHEME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")

_SECRET_NAME = re.compile("password|passwd|secret|token|key", re.IGNORECASE)
_SECRET_VALUE = re.compile(rf"://.*@|(?:{_SECRET_NAME.pattern})\w*[\"']?\s*[=:]", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"(?<=[?&;#])[^?&;#]+")
_PORT = re.compile("[0-9]{1,5}")
_BRACKETS = "brackets stand around a whole IPv6 address; elsewhere write %5B and %5D"
_AMBIGUOUS = (
    "an @ behind it leaves open where the password ends; in a user or password write %2F, %3F and %23 for / ? and #, "
    "and behind the host %40 for an @"
)


class MalformedURLError(ValueError):
    """A text is no URL; says which part is wrong and why, and quotes nothing of it."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(part, reason)
        self.part = part
        self.reason = reason


class RawParts(NamedTuple):
    """A URL in parts, as they were written: none is decoded."""

    scheme: str
    user: str | None
    password: str | None
    host: str
    port: str | None
    path: str
    query: str | None


def split_url(text: str) -> RawParts:
    """The parts of `text`; raises `MalformedURLError`."""
    scheme, separator, rest = text.partition("://")
    if not separator or not SCHEME.fullmatch(scheme):
        raise MalformedURLError("scheme", "a URL starts with a scheme and ://, such as memory://")
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(place) :]
    if "@" in behind and ":" in re.sub(r"\[[^\]]*\]", "", place):
        raise MalformedURLError("host", _AMBIGUOUS)
    if "#" in behind:
        raise MalformedURLError("fragment", "a backend URL has none; write %23 for a #")
    path, mark, query = behind.partition("?")
    user, password, address = _split_place(place)
    host, port = _split_address(address)
    return RawParts(scheme, user, password, host, port, path, query if mark else None)


def mask_url(text: str) -> str:
    """`text` with `***` for a password and for what secret options say; where it is no URL, for all that may be one."""
    try:
        parts = split_url(text)
    except MalformedURLError:
        return _mask_malformed(text)
    shown = text if parts.query is None else text[: len(text) - len(parts.query)] + mask_query(parts.query)
    if parts.password is None:
        return shown
    begin = len(f"{parts.scheme}://{parts.user}:")
    return shown[:begin] + HIDDEN + shown[begin + len(parts.password) :]


def mask_query(query: str) -> str:
    """The options as they were written, those that tell a secret hidden."""
    return "&".join(_mask_field(field) for field in query.split("&"))


def tells_secret(name: str, value: str) -> bool:
    """Whether an option is named like a secret, or holds a URL with a user or an assignment of something so named."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value) or _SECRET_VALUE.search(unquote(value)))


def mask_secrets(text: str, url: str) -> str:
    """`text`, which is about `url`, without the secrets of that URL."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        # A short one would be found within any word.
        pattern = re.escape(secret) if len(secret) >= _SHORT else rf"(?<!\w){re.escape(secret)}(?!\w)"
        text = re.sub(pattern, HIDDEN, text)
    return text


def _secrets(url: str) -> set[str]:
    try:
        parts = split_url(url)
    except MalformedURLError:
        return set()
    found = [(parts.password or "", unquote(parts.password or ""))]
    for field in (parts.query or "").split("&"):
        name, _, value = field.partition("=")
        if tells_secret(unquote_plus(name), unquote_plus(value)):
            found.append((value, unquote_plus(value)))
    return {text for texts in found for text in texts} - {"", HIDDEN}


def _split_place(place: str) -> tuple[str | None, str | None, str]:
    account, separator, address = place.rpartition("@")
    if not separator:
        return None, None, address
    user, colon, password = account.partition(":")
    return user, password if colon else None, address


def _split_address(address: str) -> tuple[str, str | None]:
    host, colon, port = _split_bracketed(address) if address.startswith("[") else address.partition(":")
    if "[" in address[1:] or ("]" in host and not address.startswith("[")):
        raise MalformedURLError("host", _BRACKETS)
    if ":" in port:
        raise MalformedURLError("host", "write an IPv6 address in brackets, and %3A for a : in a name")
    if colon and not (_PORT.fullmatch(port) and 1 <= int(port) <= 65535):
        raise MalformedURLError("port", "must be a number from 1 to 65535")
    return host, port if colon else None


def _split_bracketed(address: str) -> tuple[str, str, str]:
    host, bracket, behind = address.partition("]")
    if not bracket:
        raise MalformedURLError("host", "the [ of an IPv6 address needs its ]")
    if behind and not behind.startswith(":"):
        raise MalformedURLError("host", _BRACKETS)
    return host + bracket, behind[:1], behind[1:]


def _mask_field(field: str) -> str:
    name, equals, value = field.partition("=")
    if not equals:
        return HIDDEN if tells_secret(unquote_plus(name), unquote_plus(name)) else field
    return f"{name}={HIDDEN}" if tells_secret(unquote_plus(name), unquote_plus(value)) else field


def _mask_malformed(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    lead = scheme + separator if separator and SCHEME.fullmatch(scheme) else ""
    rest = text[len(lead) :]
    account, at, address = rest.rpartition("@")
    if at:
        user, colon, _ = account.partition(":")
        shown = f"{user}:{HIDDEN}" if colon else account if lead else HIDDEN
        return f"{lead}{shown}@{_mask_behind(address)}"
    if lead:
        return lead + _mask_behind(address)
    parts = address.split(":", 2)
    return _mask_fields(":".join([*parts[:2], HIDDEN]) if len(parts) > 2 else address)


def _mask_behind(address: str) -> str:
    """Host, port and what follows; what stands in a port's place without being one may be a password."""
    place = re.split("[/?#]", address, maxsplit=1)[0]
    try:
        _split_address(place)
    except MalformedURLError:
        return f"{address[: address.index(':')]}:{HIDDEN}" if ":" in place else _mask_fields(address)
    return _mask_fields(address)


def _mask_fields(text: str) -> str:
    return _FIELD.sub(lambda found: _mask_field(found[0]), text)
