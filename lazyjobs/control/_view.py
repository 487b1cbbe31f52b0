"""The page's content: what an operator wants to know, from the whole to the single record."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from lazyjobs.contract import State
from lazyjobs.control._counts import render_kinds, render_queues
from lazyjobs.control._records import render_records
from lazyjobs.control._throughput import Rate
from lazyjobs.control._tree import Element, h
from lazyjobs.control._words import SIGNS, duration, number
from lazyjobs.runner import Snapshot

_BAR = 6
_HEIGHT = 36


class View(Struct, frozen=True, kw_only=True):
    """What is shown."""

    snapshot: Snapshot
    rate: Rate
    now: datetime
    has_runner: bool
    """False for a control plane over a backend alone."""
    state: State | None
    """Only records of this state are listed."""
    copies: Mapping[int, int] | None
    """By the ids of requeued records, those of their copies; None if nothing can be requeued here."""


def render_view(view: View) -> list[Element]:
    """The sections of the page; each element that stays the same thing keeps its id from one look to the next."""
    return [
        _render_overview(view),
        h("div", render_queues(view.snapshot), render_kinds(view.snapshot), class_="columns", id="counts"),
        render_records(view.snapshot.recent, view.now, state=view.state, copies=view.copies),
    ]


def name_view(view: View) -> str:
    """The title of the page's window."""
    discarded = view.snapshot.stats.by_state.get(State.DISCARDED, 0)
    return f"{number(discarded)} discarded · lazyjobs" if discarded else "lazyjobs"


def _render_overview(view: View) -> Element:
    return h(
        "section",
        h("h2", "Overview", id="overview-title", class_="unseen"),
        _render_status(view),
        h("div", _render_states(view), _render_rate(view.rate), class_="figures"),
        id="overview",
        aria_labelledby="overview-title",
    )


def _render_status(view: View) -> Element:
    if view.snapshot.running:
        sign, word, rest = "●", "Running", "This process claims and runs jobs."
    elif view.has_runner:
        sign, word, rest = "○", "Not running", "The runner of this process claims nothing. Workers elsewhere may."
    else:
        sign, word, rest = "○", "No runner here", "This process only looks. Workers elsewhere may be running."
    shown = h("b", h("span", sign, aria_hidden="true"), f" {word}", class_="on" if view.snapshot.running else "off")
    return h("p", shown, " ", h("span", rest, class_="soft"), id="status")


def _render_states(view: View) -> Element:
    stats = view.snapshot.stats
    tiles = [_render_tile("all", None, stats.total, view.state is None)]
    tiles += [_render_tile(state, state, stats.by_state.get(state, 0), view.state is state) for state in State]
    return h("nav", h("ul", *tiles), id="states", aria_label="Records by state; choose which are listed below")


def _render_tile(word: str, state: State | None, count: int, chosen: bool) -> Element:
    label = [h("span", SIGNS[state], " ", aria_hidden="true", class_="sign") if state else None, word]
    link = h(
        "a",
        h("b", number(count)),
        " ",
        h("span", *label),
        href=f"?state={state}" if state else "?",
        aria_current="true" if chosen else None,
        id=f"state-{word}",
    )
    return h("li", link, class_=f"tile {word}{'' if count else ' none'}")


def _render_rate(rate: Rate) -> Element:
    shown = "?" if rate.per_minute is None else number(rate.per_minute)
    span = "nothing seen yet" if rate.per_minute is None else f"over the last {_cover(rate.covered)}"
    return h(
        "div",
        h("p", h("b", shown), " finished per minute, ", h("span", span, class_="soft"), id="rate-words"),
        _render_sparkline(rate.buckets),
        h(
            "details",
            h("summary", "How this is counted"),
            h(
                "p",
                "Finished are the records that became succeeded or discarded. Each look at this page is compared with "
                "the one before. If at most 100 records changed in between, each finish is seen by itself, and a prune "
                "changes nothing. If more did, the growth of the counts is taken, or the pace of the listed records "
                "where a prune has eaten that growth. The first look starts from the times of the listed records.",
            ),
            id="rate-how",
        ),
        id="rate",
    )


def _cover(seconds: float) -> str:
    return "5 min" if seconds >= 299 else duration(seconds) if seconds >= 1 else "moment"


def _render_sparkline(buckets: Sequence[float | None]) -> Element:
    top = max((count for count in buckets if count), default=1.0)
    seen = [count for count in buckets if count is not None]
    bars = [
        _render_bar(index, max(1.0, count / top * _HEIGHT), "none" if count == 0 else None)
        for index, count in enumerate(buckets)
        if count is not None
    ]
    most, latest = max(seen, default=0), seen[-1] if seen else 0
    words = f"Finished in each 10 seconds: {number(most)} at most, {number(latest)} in the current ones"
    width = len(buckets) * _BAR
    return h("svg", *bars, role="img", aria_label=words, viewBox=f"0 0 {width} {_HEIGHT}", preserveAspectRatio="none")


def _render_bar(index: int, height: float, look: str | None) -> Element:
    return h(
        "rect",
        x=str(index * _BAR),
        y=f"{_HEIGHT - height:.1f}",
        width=str(_BAR - 1),
        height=f"{height:.1f}",
        class_=look,
    )
