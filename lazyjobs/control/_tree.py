"""Elements of a page: written as HTML for the first view, and as JSON for the page's own script.

Both are made from the same tree, and a text in it is never anything but text: here it is escaped, and the script sets
it as the data of a text node.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Element(Struct, frozen=True, array_like=True):
    """An element with its attributes and what is in it; JSON has it as a list of these three."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str]


Node = Element | str

# Said once more, since a table that a style sheet lays out otherwise, as on a phone, is no table to some browsers.
_ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
_HEADS = {"col": "columnheader", "row": "rowheader"}


def h(tag: str, *children: Node | None, **attributes: str | bool | None) -> Element:
    """An element. Children that are None are left out, and attributes that are None or False.

    An underscore in a name stands for a hyphen, one at its end for nothing: `class_`, `aria_label`. The parts of a
    table have their roles without being told.
    """
    if role := _HEADS.get(str(attributes.get("scope"))) if tag == "th" else _ROLES.get(tag):
        attributes["role"] = role
    given = {
        name.rstrip("_").replace("_", "-"): "" if value is True else str(value)
        for name, value in attributes.items()
        if value is not None and value is not False
    }
    return Element(tag, given, [child for child in children if child is not None])


def to_html(nodes: Iterable[Node]) -> str:
    """The nodes as HTML."""
    return "".join(_write(nodes))


def _write(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield escape(node)
        else:
            attributes = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes.items())
            yield f"<{node.tag}{attributes}>"
            yield from _write(node.children)
            yield f"</{node.tag}>"
