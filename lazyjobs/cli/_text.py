"""Texts that anybody may have written, made fit for a terminal."""

from unicodedata import east_asian_width

_CUT = "…"


def visible(text: str) -> str:
    """`text` with an escape for each character that is not printable.

    So nothing in it ends the line, moves the cursor, hides what stands beside it, or turns the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def one_line(text: str) -> str:
    """The same of a message, whose line breaks and indentations are only layout."""
    return visible(" ".join(text.split()))


def width(text: str) -> int:
    """How many cells of a terminal a visible text takes, or more: a combining mark counts too, so that none pile up."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, most: int) -> str:
    """`text` if it takes at most `most` cells, or else its beginning, with a sign that something is missing."""
    if len(text) <= most and width(text) <= most:
        return text
    kept, left = "", most - 1
    for each in text[:most]:
        left -= _cells(each)
        if left < 0:
            break
        kept += each
    return kept + _CUT


def _cells(character: str) -> int:
    return 2 if east_asian_width(character) in "WF" else 1
