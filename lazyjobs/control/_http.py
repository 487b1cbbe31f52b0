"""Requests and answers of the control plane, whatever serves it."""

import re
from collections.abc import Mapping

from msgspec import Struct

from lazyjobs.jobs import brief_of
from lazyjobs.runner import mask_urls

JSON = "application/json"
HTML = "text/html"
TREE = "application/vnd.lazyjobs.page+json"
"""The page as a tree of elements, from which it refreshes itself."""

_LONGEST_REASON = 2_000
_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


class Request(Struct, frozen=True, kw_only=True):
    """What is asked."""

    method: str
    path: str
    """Below the place where the control plane is mounted."""
    query: str = ""
    headers: Mapping[str, str]
    """By lower-case name."""
    version: str = ""
    """Of HTTP, such as `HTTP/1.1`; empty where it is not known."""


class Answer(Struct, frozen=True, kw_only=True):
    """What is answered."""

    status: int
    content_type: str
    body: bytes
    more: Mapping[str, str] = {}

    @property
    def headers(self) -> dict[str, str]:
        """All headers. No answer is to be stored, since it is old at once, nor to be shown inside another page."""
        return {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            "Cache-Control": "no-store",
            "Vary": "Accept",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            **self.more,
        }


def text(status: int, line: str, **more: str) -> Answer:
    """One line of plain text; an underscore in the name of a header stands for its hyphen."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    body = f"{line}\n".encode(errors="replace")
    return Answer(status=status, content_type="text/plain; charset=utf-8", body=body, more=headers)


def describe(error: Exception) -> str:
    """What went wrong, on one line that is not too long, and without the passwords of URLs."""
    return mask_urls(" ".join(brief_of(error).split()))[:_LONGEST_REASON]


def choose_type(accept: str, offered: tuple[str, ...]) -> str:
    """The one of `offered` that `accept` names with the highest quality; the first if it names none.

    Only types named in full count (RFC 9110, 12.5.1, without its wildcards), so that a program that takes anything
    gets the first, which is JSON.
    """
    qualities = dict(_read_accept(accept))
    return max(offered, key=lambda name: qualities.get(name, 0.0))


def _read_accept(accept: str) -> list[tuple[str, float]]:
    parts = ([word.strip().lower() for word in part.split(";")] for part in accept.split(","))
    return [(type, _read_quality(parameters)) for type, *parameters in parts]


def _read_quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if found := _QUALITY.fullmatch(parameter):
            return float(found[1])
    return 1.0
