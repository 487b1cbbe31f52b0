"""Writing a report down."""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lazyjobs_testkit.report._badge import render_badge
from lazyjobs_testkit.report._html import render_html
from lazyjobs_testkit.report._values import Report

FILES = ("conformance.json", "conformance.html", "badge.json")


def write_reports(directory: Path, reports: Iterable[Report]) -> list[Path]:
    """Writes the files of each report: into the directory itself if there is one, else below it, one a backend."""
    every = list(reports)
    places = [directory] if len(every) == 1 else _name_places(directory, every)
    return [path for place, report in zip(places, every, strict=True) for path in _write(place, report)]


def _name_places(directory: Path, reports: Iterable[Report]) -> list[Path]:
    places: list[Path] = []
    for report in reports:
        name = re.sub(r"[^A-Za-z0-9._+-]+", "-", report.backend.name).strip("-.") or "backend"
        same = sum(place.name.partition("~")[0] == name for place in places)
        places.append(directory / (f"{name}~{same + 1}" if same else name))
    return places


def _write(place: Path, report: Report) -> list[Path]:
    place.mkdir(parents=True, exist_ok=True)
    contents = (
        msgspec.json.format(msgspec.json.encode(report)),
        render_html(report).encode(),
        render_badge(report),
    )
    paths = [place / name for name in FILES]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths
