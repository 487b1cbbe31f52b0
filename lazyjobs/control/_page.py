"""The page as one file that needs nothing else, and the policy that lets nothing else in."""

from base64 import b64encode
from datetime import timedelta
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from lazyjobs.control._tree import Element, to_html

_NO_SCRIPT_REFRESH = 10


@cache
def _read(name: str) -> str:
    return files("lazyjobs.control").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def page_policy() -> str:
    """The Content-Security-Policy of the page: its own style and script, by their hashes, and asking this server."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash('page.js')}'",
            f"style-src '{_hash('page.css')}'",
            "img-src data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def warm_up() -> None:
    """Reads the files of the page, so that showing it needs none of them."""
    page_policy()
    _read("page.html")


def _hash(name: str) -> str:
    return f"sha256-{b64encode(sha256(_read(name).encode()).digest()).decode()}"


def render_page(title: str, content: list[Element], refresh: timedelta, trouble: str = "") -> str:
    """The whole page; `trouble` says, in its place, what keeps the content from being shown."""
    return Template(_read("page.html")).substitute(
        title=escape(title),
        content=to_html(content),
        style=_read("page.css"),
        script=_read("page.js"),
        milliseconds=str(refresh // timedelta(milliseconds=1)),
        seconds=str(max(_NO_SCRIPT_REFRESH, refresh // timedelta(seconds=1))),
        trouble=escape(trouble),
        untroubled="" if trouble else " hidden",
    )
