"""Texts that anybody may have written, made fit for a terminal or a log.

The core, the kit and backends show nothing from outside before it went through one of these functions.
"""

import re
from unicodedata import category, east_asian_width

__all__ = ["block", "cut", "one_line", "shorten", "visible", "width"]

# Unicode calls most of what has no glyph a control, a format character or unassigned, and str.isprintable says so. The
# rest are its Other_Default_Ignorable_Code_Point and Variation_Selector, and three that are drawn as nothing at all.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U00016fe4\U0001d159"
    "\U000e0000-\U000e0fff]"
)
_MOST_MARKS = 4
"""So many marks stand above or below one letter in the writing of any language; more would cover other lines."""
_CUT = "…"
_INDENT = "    "


def visible(text: str, *, spare: str = "") -> str:
    r"""`text` with what could not be seen, or would make other text look different, as `\x1b`, `\u202e` or `\u3164`.

    These are control characters and line breaks, what hides or turns the direction of writing, every blank but the
    space, lone surrogates, and combining marks that have no letter before them or pile up on one. The characters in
    `spare` are left. What is returned is one line, unless `spare` has a line break; doing it twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    seen: list[str] = []
    marks = _MOST_MARKS  # a mark at the beginning would change what stands before the text
    for each in text:
        if each in spare:
            seen.append(each)
        elif not each.isprintable() or _UNSEEN.match(each):
            seen.append(_escape(each))
        elif category(each) in ("Mn", "Me"):
            seen.append(each if marks < _MOST_MARKS else _escape(each))
            marks += 1
        else:
            seen.append(each)
            marks = 0
    return "".join(seen)


def one_line(text: str) -> str:
    """The same of a message, whose line breaks and indentations are only layout."""
    return visible(" ".join(text.split()))


def block(text: str) -> str:
    """The same of a text that has lines of its own, such as a traceback.

    Each is indented, so that none looks like a line that was written beside it.
    """
    lines = text.expandtabs(4).removesuffix("\n").split("\n")
    return "\n".join(f"{_INDENT}{visible(line)}".rstrip() for line in lines)


def shorten(text: str, most: int) -> str:
    """`text` if it has at most `most` characters, or else its beginning and its end, and how much is left out."""
    if len(text) <= most:
        return text
    end = most // 4
    return f"{text[: most - end]} [… {len(text) - most} characters left out …] {text[len(text) - end :]}"


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


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _cells(character: str) -> int:
    return 2 if east_asian_width(character) in "WF" else 1
