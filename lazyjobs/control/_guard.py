"""Who may ask, and from where."""

from collections.abc import Collection
from http import HTTPStatus

from lazyjobs.control._host import read_host
from lazyjobs.control._http import Answer, Request, text
from lazyjobs.control._token import Token

_OTHER_HOST = "this host name is not served here; --allow-host, or hosts= in an application, lets it in"
_CHALLENGE = 'Basic realm="lazyjobs", charset="UTF-8"'


class Guard:
    """Refuses requests without the token, for another host, and writes that another site has a browser send.

    `hosts` are the names by which the control plane may be asked, without ports; None is any. A page of another site
    whose name is made to point at this machine (DNS rebinding) asks by that name.
    """

    def __init__(self, token: Token | None, hosts: Collection[str] | None) -> None:
        self._token = token
        self._hosts = None if hosts is None else frozenset(map(_normalize, hosts))

    def refuse(self, request: Request) -> Answer | None:
        """What to answer instead, or None if the request may be answered."""
        if not self._is_for_this_host(request):
            return text(HTTPStatus.MISDIRECTED_REQUEST, _OTHER_HOST)
        if self._token is not None and not self._token.is_in(request.headers.get("authorization", "")):
            line = "the token is needed: as Authorization: Bearer, or as the password of Basic with any user name"
            return text(HTTPStatus.UNAUTHORIZED, line, WWW_Authenticate=_CHALLENGE)
        return None

    def refuse_write(self, request: Request) -> Answer | None:
        """What to answer instead of writing, or None if no other site can be behind the request."""
        if _is_from_this_site(request):
            return None
        return text(HTTPStatus.FORBIDDEN, "refused: a page of another site sent this; nothing was changed")

    def _is_for_this_host(self, request: Request) -> bool:
        if self._hosts is None:
            return True
        host = request.headers.get("host")
        if host is None:  # what names none is no browser, and HTTP/1.1 allows it to nobody
            return request.version in ("", "HTTP/1.0")
        return read_host(host) in self._hosts


def _is_from_this_site(request: Request) -> bool:
    """By Fetch Metadata where a browser sends it, else by Origin; what sends neither is no browser."""
    if site := request.headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == request.headers.get("host", "").lower() != ""


def _normalize(host: str) -> str:
    return read_host(f"[{host}]" if ":" in host else host) or host.lower()
