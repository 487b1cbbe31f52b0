"""What the page shows, that it keeps it up to date, and that it leaves the reader's place alone."""

import re
from collections.abc import Iterable
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import shift_path_info

import msgspec
import pytest
from playwright.sync_api import Page, expect

from browser.conftest import REFRESH, MakePage
from browser.scene import SECRET, TRACE, Scene
from lazyjobs import ClaimParams, InsertParams, RetryParams
from lazyjobs.control import serve, wsgi_app
from lazyjobs_memory import MemoryBackend


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


def texts(page: Page, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def test_it_shows_the_facts(page: Page, scene: Scene) -> None:
    expect(page).to_have_title("2 discarded · lazyjobs")
    expect(page.locator("#status")).to_contain_text("Not running")
    assert [text.split("\n")[0] for text in texts(page, "#states a")] == ["1,337", "8", "3", "3", "1,321", "2"]
    assert texts(page, "#queue-mail > *") == ["mail", "3", "1", "0", "661", "0", "665"]
    assert texts(page, "#kind-webhook\\.deliver > *") == [
        "webhook.deliver", "shop.jobs.DeliverHook", "default", "3", "338",
    ]  # fmt: skip
    assert re.fullmatch(r"1[6-9] finished per minute, over the last [45] min", page.inner_text("#rate-words"))
    row = page.locator(f"#r{scene.discarded}")
    expect(row).to_contain_text("webhook.deliver")
    expect(row).to_contain_text("1/3")
    page.locator(f"#e{scene.discarded} summary").click()
    expect(page.locator(f"#e{scene.discarded} pre")).to_have_text(TRACE)
    assert SECRET not in page.content()


def test_a_running_worker_is_told(open_page: MakePage, scene: Scene) -> None:
    with scene.runner, serve(scene.runner, "127.0.0.1", 0) as (host, port):
        expect(open_page(f"http://{host}:{port}/jobs").locator("#status")).to_contain_text("● Running")


def test_it_refreshes_by_itself(page: Page, scene: Scene) -> None:
    id = scene.succeed("image.resize", "bulk")
    expect(page.locator(f"#r{id}")).to_contain_text("succeeded")
    expect(page.locator("#state-succeeded")).to_contain_text("1,322")
    expect(page.locator("#queue-bulk")).to_contain_text("330")
    scene.discard("mail.receipt", "mail", "SMTPError: 550 no such user")
    expect(page).to_have_title("3 discarded · lazyjobs")


def test_after_many_refreshes_it_is_what_a_new_page_would_be(open_page: MakePage, url: str, scene: Scene) -> None:
    page = open_page(url)
    page.locator("#pause").wait_for()
    for index in range(3):
        for _ in range(10 * index + 1):
            scene.succeed("image.resize", "bulk")
        scene.discard("new.kind", f"queue-{index}", "a\nb")
        expect(page.locator("#state-discarded b")).to_have_text(str(3 + index))
    page.click("#pause")
    fresh = open_page(url)
    fresh.click("#pause")
    assert shape(page) == shape(fresh)


def shape(page: Page) -> str:
    """The view as HTML, without the times, which differ from look to look, and the bars, which are averages."""
    view = page.locator("#view").evaluate(
        "view => { const copy = view.cloneNode(true); copy.querySelector('#rate').remove(); return copy.outerHTML; }"
    )
    assert isinstance(view, str)
    return re.sub(r"[^>]*(?=</time>)", "", view)


def test_focus_open_details_selection_and_scroll_stay_when_records_come_and_go(page: Page, scene: Scene) -> None:
    details, summary = f"#e{scene.discarded} details", f"#e{scene.discarded} summary"
    page.locator(summary).click()
    page.locator(summary).focus()
    page.evaluate(f"getSelection().selectAllChildren(document.querySelector('#e{scene.discarded} pre'))")
    place = page.locator(summary).bounding_box()
    newest = max(scene.succeed() for _ in range(5))
    expect(page.locator(f"#r{newest}")).to_be_attached()
    expect(page.locator(details)).to_have_attribute("open", "")
    expect(page.locator(summary)).to_be_focused()
    assert page.evaluate("getSelection().toString()") == TRACE
    assert place is not None
    after = page.locator(summary).bounding_box()
    assert after is not None
    assert abs(after["y"] - place["y"]) < 2


def test_a_focused_record_that_is_listed_no_more_hands_the_focus_to_the_heading(page: Page, scene: Scene) -> None:
    page.locator(f"#e{scene.discarded} summary").focus()
    for _ in range(120):
        scene.succeed()
    expect(page.locator(f"#e{scene.discarded}")).to_have_count(0)
    expect(page.locator("#recent-title")).to_be_focused()


def test_records_are_narrowed_to_a_state_and_stay_so(page: Page, scene: Scene) -> None:
    page.click("#state-discarded")
    expect(page.locator("#recent-title")).to_contain_text("Recent discarded records")
    expect(page.locator("#recent tbody tr:not(.error)")).to_have_count(2)
    expect(page.locator("#state-discarded")).to_have_attribute("aria-current", "true")
    scene.succeed()
    scene.discard("mail.receipt", "mail", "SMTPError")
    expect(page.locator("#recent tbody tr:not(.error)")).to_have_count(3)
    page.click("#state-all")
    expect(page.locator("#recent tbody tr:not(.error)")).to_have_count(100)


def test_paused_it_asks_nothing_until_resumed(page: Page, scene: Scene) -> None:
    page.click("#pause")
    expect(page.locator("#updated")).to_contain_text("Paused")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    id = scene.succeed()
    page.wait_for_timeout(1_000)
    assert asked == []
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(f"#r{id}")).to_be_attached()


def test_hidden_it_asks_nothing_and_shown_again_it_asks_at_once(page: Page, scene: Scene) -> None:
    page.evaluate("""() => {
        window.asked = 0;
        window.fetch = (real => (...all) => { window.asked++; return real(...all); })(window.fetch);
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(1_000)
    assert page.evaluate("window.asked") == 0
    id = scene.succeed()
    page.evaluate("""() => {
        delete document.hidden;
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    assert page.evaluate("window.asked") == 1
    expect(page.locator(f"#r{id}")).to_be_attached()


@pytest.mark.parametrize(
    "can_move", [True, False], ids=["a browser that moves", "a browser that takes out and puts in"]
)
def test_the_focus_goes_along_with_a_record_that_moves_up(open_page: MakePage, can_move: bool) -> None:
    backend = MemoryBackend()
    backend.insert(InsertParams(kind="first"))
    first = backend.claim(ClaimParams())
    assert first is not None
    backend.retry(RetryParams(id=first.id, attempt=first.attempt, last_error="no luck yet"))
    other = backend.insert(InsertParams(kind="second", queue="other"))
    with serve(backend, "127.0.0.1", 0, refresh=REFRESH) as (host, port):
        page = open_page("about:blank")
        if not can_move:
            page.add_init_script("delete Element.prototype.moveBefore")
        page.goto(f"http://{host}:{port}/jobs")
        assert page.evaluate("'moveBefore' in Element.prototype") is can_move
        rows = page.locator("#recent tbody tr:not(.error)")
        expect(rows.first).to_have_id(f"r{other.id}")
        page.locator(f"#e{first.id} summary").click()
        backend.claim(ClaimParams())
        expect(rows.first).to_have_id(f"r{first.id}")
        expect(rows.first).to_contain_text("running")
        expect(page.locator(f"#e{first.id} summary")).to_be_focused()
        expect(page.locator(f"#e{first.id} details")).to_have_attribute("open", "")


def test_without_script_everything_is_there_and_requeueing_works(open_page: MakePage, url: str, scene: Scene) -> None:
    page = open_page(url, java_script_enabled=False)
    assert texts(page, "#state-discarded b") == ["2"]
    expect(page.locator("#pause")).to_be_hidden()
    page.locator(f"#again{scene.discarded}").click()
    expect(page.locator(f"#r{scene.discarded}")).to_contain_text("requeued as")
    assert page.url.startswith(f"{url}#r")
    assert scene.backend.stats().total == 1338


def test_an_empty_backend_has_a_page_too(open_page: MakePage) -> None:
    scene = Scene()
    with serve(scene.backend, "127.0.0.1", 0) as (host, port):
        page = open_page(f"http://{host}:{port}/jobs")
        expect(page.locator("#recent")).to_contain_text("No record is stored.")
        expect(page.locator("#status")).to_contain_text("No runner here")
        scene.runner.backend.insert(InsertParams(kind="first"))
        expect(page.locator("#recent tbody tr")).to_have_count(1)
        assert msgspec.json.decode(page.request.get(page.url).body())["stats"]["total"] == 1


def test_below_a_prefix_it_asks_and_requeues_there(open_page: MakePage, scene: Scene) -> None:
    inner = wsgi_app(scene.runner, page=True, refresh=REFRESH)

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert shift_path_info(environ) == "internal", "something was asked beside the prefix"
        return inner(environ, start_response)

    with make_server("127.0.0.1", 0, outer, handler_class=Quiet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        page = open_page(f"http://127.0.0.1:{server.server_port}/internal/jobs")
        page.locator(f"#again{scene.discarded}").click()
        expect(page.locator(f"#r{scene.discarded}")).to_contain_text("requeued as")
        id = scene.succeed()
        expect(page.locator(f"#r{id}")).to_be_attached()
        page.close()
        server.shutdown()
        thread.join()
