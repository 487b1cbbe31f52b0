"""Which of its faces the control plane shows: JSON to programs, the page to browsers."""

import msgspec
import pytest

from lazyjobs import JobRunner
from lazyjobs.control._plane import ControlPlane
from tests.support.control import FAILURE, GUARDED, ask, make_failing_runner, make_runner

JSON, HTML, TREE = "application/json", "text/html; charset=utf-8", "application/vnd.lazyjobs.page+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("image/png", JSON),
        ("text/html", HTML),
        ("TEXT/HTML ; charset=utf-8", HTML),
        (BROWSER, HTML),
        ("text/html;q=0.5, application/json", JSON),
        ("text/html;q=0.5, application/json;q=0.4", HTML),
        ("text/html, application/json", JSON),
        ("text/html;q=0", JSON),
        ("text/html;q=0.0004", HTML),  # no quality at all, so it counts for nothing
        ("application/vnd.lazyjobs.page+json", TREE),
        (",;,;q=,text/html;;q", HTML),
    ],
)
def test_the_type_that_is_named_with_the_highest_quality_is_answered(accept: str, type: str) -> None:
    answer = ask(ControlPlane(make_runner(), page=True), accept=accept)
    assert answer.content_type == type
    assert answer.headers["Vary"] == "Accept"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", [BROWSER, TREE, "*/*"])
def test_without_the_page_everybody_gets_json(accept: str) -> None:
    runner = make_runner()
    answer = ask(ControlPlane(runner), accept=accept)
    assert answer.body == msgspec.json.encode(runner.snapshot())
    assert answer.headers.items() >= GUARDED.items()


def test_a_backend_alone_is_shown_without_definitions_and_not_running() -> None:
    shown = msgspec.json.decode(ask(ControlPlane(make_runner().backend)).body)
    assert shown["running"] is False
    assert shown["definitions"] == []
    assert shown["stats"]["by_state"] == {"pending": 2}
    assert shown["recent"][0].keys() == msgspec.json.decode(ask(ControlPlane(make_runner())).body)["recent"][0].keys()


def test_a_state_narrows_what_is_listed_and_nothing_else() -> None:
    plane = ControlPlane(make_runner(), page=True)
    shown = msgspec.json.decode(ask(plane, query="state=running").body)
    assert shown["recent"] == []
    assert shown["stats"]["total"] == 2
    assert len(msgspec.json.decode(ask(plane, query="state=pending").body)["recent"]) == 2


@pytest.mark.parametrize("query", ["state=lost", "state=pending&state=%3Cb%3E"])
def test_a_state_that_does_not_exist_is_refused_with_those_that_do(query: str) -> None:
    answer = ask(ControlPlane(make_runner()), query=query)
    assert (answer.status, answer.body) == (
        400,
        b"state must be one of pending, running, retrying, succeeded, discarded\n",
    )


@pytest.mark.usefixtures("caplog")
@pytest.mark.parametrize("accept", ["", TREE])
@pytest.mark.logs_errors("could not make a snapshot")
def test_programs_get_one_line_when_the_backend_fails(accept: str) -> None:
    answer = ask(ControlPlane(make_failing_runner(), page=True), accept=accept)
    assert (answer.status, answer.body) == (500, FAILURE)


@pytest.mark.usefixtures("caplog")
@pytest.mark.logs_errors("could not make a snapshot")
def test_browsers_get_a_page_that_goes_on_asking_when_the_backend_fails() -> None:
    answer = ask(ControlPlane(make_failing_runner(), page=True), accept=BROWSER)
    assert (answer.status, answer.content_type) == (500, HTML)
    assert FAILURE.strip() in answer.body
    assert b"<script>" in answer.body


@pytest.mark.parametrize("source", [None, "memory://", object()])
def test_what_cannot_be_shown_is_refused_at_once(source: object) -> None:
    with pytest.raises(TypeError, match="shows a JobRunner or a Backend"):
        ControlPlane(source)  # type: ignore[arg-type]


def test_a_runner_without_jobs_is_shown_too() -> None:
    plane = ControlPlane(JobRunner(make_runner().backend), page=True)
    assert b"not defined here" in ask(plane, accept=BROWSER).body
