"""Tables of text."""

from collections.abc import Sequence

from msgspec import Struct

from lazyjobs.texts import cut, width

_GAP = "  "


class Column(Struct, frozen=True):
    """One column: its title, and how it is set."""

    title: str
    right: bool = False
    """Numbers stand to the right."""
    least: int | None = None
    """To how many cells its texts may be cut where a line has not enough; None is never."""


def draw(columns: Sequence[Column], rows: Sequence[Sequence[str]], most: int | None) -> list[str]:
    """The lines of a table below its titles, cut to `most` cells as far as the columns allow, the last one first."""
    widths = _natural(columns, rows)
    for place in reversed(range(len(columns))):
        least = columns[place].least
        if most is not None and least is not None and (excess := _total(widths) - most) > 0:
            widths[place] = max(widths[place] - excess, min(least, widths[place]))
    return [_line(columns, row, widths) for row in ([column.title for column in columns], *rows)]


def narrowest(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """How many cells the lines need if all is cut that may be."""
    natural = _natural(columns, rows)
    return _total([min(each, column.least or each) for each, column in zip(natural, columns, strict=True)])


def _natural(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width, cells)) for cells in zip([column.title for column in columns], *rows, strict=True)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    cells = []
    for column, text, room in zip(columns, row, widths, strict=True):
        shown = cut(text, room)
        space = " " * (room - width(shown))
        cells.append(space + shown if column.right else shown + space)
    return _GAP.join(cells).rstrip()
