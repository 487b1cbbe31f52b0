"""What the page says, and that nothing a job can store is ever more than text on it."""

import re
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from lazyjobs import BaseJob, JobRunner
from lazyjobs.control._plane import ControlPlane
from lazyjobs.control._words import visible
from tests.support.backends import PlainBackend
from tests.support.control import SECRET, ask, make_discarded, make_runner
from tests.support.jobs import Do

TREE = "application/vnd.lazyjobs.page+json"
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "<!--", "-->", "]]>", "<![CDATA[",
    "\"' onmouseover='alert(1)' x=\"",
    "&lt;b&gt; &amp; &#60;",
    "${x} $title $$ {x} %s",
    "</pre></details></table></main><h1>mine</h1>",
    "<svg/onload=alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>",
    "javascript:alert(1)",
]  # fmt: skip
UNSEEN = {
    "\x00": r"\x00",
    "\r": r"\r",
    "\x1b[2J": r"\x1b[2J",
    "\u2028": r"\u2028",
    "\u202egpj.exe": r"\u202egpj.exe",
    "\u2066a\u2069": r"\u2066a\u2069",
    "\u200b": r"\u200b",
    "\ufeff": r"\ufeff",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
}


class Reader(HTMLParser):
    """The texts of a page, and every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class Odd(PlainBackend):
    """A backend whose records and counts have names and errors that no other would have let in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        make_discarded(self, "ValueError")
        self._text = text

    def list(self, *arguments: Any) -> Any:
        changes = {"kind": self._text, "queue": self._text, "last_error": self._text}
        return [msgspec.structs.replace(record, **changes) for record in super().list(*arguments)]

    def stats(self) -> Any:
        stats, text = super().stats(), self._text
        counts = {"by_kind": {text: 1}, "by_queue": {text: 1}, "by_queue_state": {text: stats.by_state}}
        return msgspec.structs.replace(stats, **counts)


def page_of(source: Any, **headers: str) -> str:
    answer = ask(ControlPlane(source, page=True), accept="text/html", **headers)
    assert answer.status == 200
    return answer.body.decode()


def view_of(page: str) -> str:
    """What changes: what stands between the tags of main."""
    return page.partition('<main id="view">')[2].rpartition("</main>")[0]


def leaves(nodes: list[Any]) -> list[str]:
    """The texts in a tree."""
    return [text for node in nodes for text in ([node] if isinstance(node, str) else leaves(node[2]))]


def test_it_says_what_an_operator_wants_to_know() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend, "TimeoutError: no answer\nfrom the mail server")
    text = "\n".join(Reader(view_of(page_of(runner))).texts)
    facts = ("Not running", "3", "discarded", "default", "mail", "tests.support.jobs.Do", "finished per minute", "1/3",
             f"#{discarded.id}", "now", "TimeoutError: no answer\nfrom the mail server", "Requeue")  # fmt: skip
    assert [fact for fact in facts if fact not in text] == []


def test_a_running_runner_and_a_backend_alone_are_told_apart() -> None:
    with JobRunner("memory://", jobs=[Do]) as runner:
        assert " Running</b>" in page_of(runner)
    runner = make_runner()
    assert " Not running</b>" in page_of(runner)
    assert " No runner here</b>" in page_of(runner.backend)


def test_no_payload_is_shown() -> None:
    runner = make_runner()
    make_discarded(runner.backend)
    plane = ControlPlane(runner, page=True)
    for accept in ("text/html", TREE, "application/json"):
        body = ask(plane, accept=accept).body
        assert SECRET.encode() not in body


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_job_stores_stays_text(text: str) -> None:
    reader, harmless = Reader(view_of(page_of(Odd(text)))), Reader(view_of(page_of(Odd("harmless"))))
    assert reader.texts.count(text) == 6  # queue, kind; of the record: kind, queue, the error's beginning and its whole
    assert [tag for tag, _ in reader.tags] == [tag for tag, _ in harmless.tags]
    assert [list(attributes) for _, attributes in reader.tags] == [list(attributes) for _, attributes in harmless.tags]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_tree_has_the_same_texts_as_the_page(text: str) -> None:
    plane = ControlPlane(Odd(text), page=True)
    tree = msgspec.json.decode(ask(plane, accept=TREE).body)
    page = ask(plane, accept="text/html").body.decode()
    assert leaves(tree["content"]).count(text) == 6
    assert tree["title"] == "1 discarded · lazyjobs"
    assert "".join(leaves(tree["content"])) == "".join(Reader(view_of(page)).texts)


@pytest.mark.parametrize(("text", "shown"), UNSEEN.items())
def test_what_could_not_be_seen_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    view = view_of(page_of(Odd(f"a{text}b")))
    assert f"a{shown}b" in view
    assert text not in view


@pytest.mark.parametrize("text", ["Größe", "日本語", "שלום", "a\tb\nc", "👩\u200d🔧", "\u0645\u06cc\u200c\u062e", "é"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text


def test_a_lone_surrogate_stops_neither_the_page_nor_the_json() -> None:
    plane = ControlPlane(Odd("\ud800"), page=True)
    assert ask(plane, accept="text/html").status == 200
    assert ask(plane, accept=TREE).status == 200


def test_a_very_long_error_is_cut_and_says_so() -> None:
    runner = make_runner()
    make_discarded(runner.backend, "e" * 12_345)
    page = page_of(runner)
    assert "and 2,345 more characters; the JSON has them all" in page
    assert len(page) < 60_000
    assert b"e" * 12_345 in ask(ControlPlane(runner)).body


def test_many_queues_and_kinds_are_cut_and_say_so() -> None:
    runner = make_runner()
    for number in range(120):
        runner.enqueue(Do(name="a"), queue=f"q{number}")
    view = view_of(page_of(runner))
    assert len(re.findall(r'<tr id="queue-', view)) == 50
    assert "and 71 others" in view


def test_the_policy_lets_in_the_page_s_own_style_and_script_by_their_hashes_and_nothing_else() -> None:
    answer = ask(ControlPlane(make_runner(), page=True), accept="text/html")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    page = answer.body.decode()
    for name in ("style", "script"):
        (content,) = re.findall(f"<{name}>(.*?)</{name}>", page, re.DOTALL)
        assert policy[f"{name}-src"] == f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_it_needs_nothing_from_elsewhere() -> None:
    page = page_of(make_runner())
    links = [
        value or ""
        for _, attributes in Reader(page).tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset")
    ]
    assert links
    assert not [link for link in links if re.match(r"(\w+:)?//", link)]
    assert not re.search(r"url\(|@import", page)


def test_without_script_it_refreshes_itself_now_and_then() -> None:
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page_of(make_runner())
    answer = ask(ControlPlane(make_runner(), page=True, refresh=timedelta(minutes=1)), accept="text/html")
    assert b'content="60"' in answer.body
    assert b'data-refresh="60000"' in answer.body


@pytest.mark.parametrize("refresh", [timedelta(0), timedelta(seconds=-1), timedelta(days=2)])
def test_a_refresh_that_makes_no_sense_is_refused(refresh: timedelta) -> None:
    with pytest.raises(ValueError, match="refresh must be from"):
        ControlPlane(make_runner(), refresh=refresh)


def test_each_id_stands_once() -> None:
    runner = make_runner()
    for _ in range(3):
        make_discarded(runner.backend)
    ids = [attributes["id"] for _, attributes in Reader(page_of(runner)).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_kind_that_is_stored_and_not_defined_is_marked() -> None:
    class Known(BaseJob):
        kind = "known"

        def work(self) -> None: ...

    runner = JobRunner(make_runner().backend, jobs=[Known])
    view = view_of(page_of(runner))
    assert "not defined here" in view
    assert "Known" in view
