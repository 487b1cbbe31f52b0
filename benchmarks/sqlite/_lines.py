"""What came of a measurement: lines of a table, each with its aim."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from benchmarks._numbers import show

HEADER = ("measurement", "against", "lazyjobs", "the other", "ratio", "aim", "reached")


class Aim(Struct, frozen=True):
    """What a figure or a ratio should be: at least or at most so much."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"

    def is_met_by(self, number: float) -> bool:
        return number >= self.least if self.least is not None else number <= (self.most or 0)


class Line(Struct, frozen=True):
    """One line of the table; `reached` is None where nothing was aimed at."""

    measurement: str
    against: str
    own: str
    other: str
    ratio: str
    aim: str
    reached: bool | None

    def cells(self) -> tuple[str, ...]:
        """The line as text, in the order of `HEADER`."""
        reached = {None: "", True: "yes", False: "**no**"}[self.reached]
        return (self.measurement, self.against, self.own, self.other, self.ratio, self.aim, reached)


def compare(
    measurement: str, against: str, own: Sequence[float], other: Sequence[float], unit: str, aim: Aim | None
) -> Line:
    """One figure of each round beside another's: the ratio is the median of the ratios of the same round."""
    ratios = [one / two for one, two in zip(own, other, strict=True)]
    ratio = f"{median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})"
    reached = None if aim is None else aim.is_met_by(median(ratios))
    texts = (f"{show(median(own))} {unit}", f"{show(median(other))} {unit}")
    return Line(measurement, against, *texts, ratio, str(aim or ""), reached)


def judge(measurement: str, against: str, own: Sequence[float], unit: str, aim: Aim | None) -> Line:
    """The median of a figure over the rounds, beside what it should be."""
    spread = f"{show(median(own))} {unit} ({show(min(own))} - {show(max(own))})"
    return Line(measurement, against, spread, "", "", str(aim or ""), aim.is_met_by(median(own)) if aim else None)


def render_header() -> str:
    """The head of a Markdown table."""
    return "\n".join((_render(HEADER), _render(["---"] * len(HEADER))))


def render_line(line: Line) -> str:
    """One row of a Markdown table."""
    return _render(line.cells())


def _render(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
