"""The server gone and back, a failing backend, and who may look."""

import pytest
from playwright.sync_api import Error, Route, expect

from browser.conftest import REFRESH, Complaints, MakePage
from browser.scene import Scene
from lazyjobs import BackendUnavailableError, Stats
from lazyjobs.control import serve
from lazyjobs_memory import MemoryBackend

TOKEN = "a-token-of-some-length"


class Frail(MemoryBackend):
    """Fails when it is told to."""

    broken = False

    def stats(self) -> Stats:
        if self.broken:
            raise BackendUnavailableError("the disk <b>is gone</b>")
        return super().stats()


def test_it_says_so_when_the_server_is_gone_and_when_it_is_back(open_page: MakePage, scene: Scene) -> None:
    with serve(scene.runner, "127.0.0.1", 0, refresh=REFRESH) as (host, port):
        page = open_page(f"http://{host}:{port}/jobs")
    expect(page.get_by_role("alert")).to_have_text("What is shown is old. The server does not answer.")
    expect(page.locator("#state-all")).to_contain_text("1,337")
    scene.succeed()
    with serve(scene.runner, host, port, refresh=REFRESH):
        expect(page.locator("#trouble")).to_be_hidden()
        expect(page.get_by_role("status")).to_have_text("Up to date again.")
        expect(page.locator("#state-all")).to_contain_text("1,338")


@pytest.mark.parametrize("broken_first", [False, True])
@pytest.mark.logs_errors("could not make a snapshot")
def test_it_says_so_when_the_backend_fails(
    open_page: MakePage, broken_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Frail()
    backend.broken = broken_first
    with serve(backend, "127.0.0.1", 0, refresh=REFRESH) as (host, port):
        page = open_page(f"http://{host}:{port}/jobs")
        expect(page.locator("#updated")).to_be_visible(visible=not broken_first)
        backend.broken = True
        expect(page.get_by_role("alert")).to_contain_text("BackendUnavailableError: the disk <b>is gone</b>")
        backend.broken = False
        expect(page.locator("#trouble")).to_be_hidden()
        expect(page.locator("#recent")).to_contain_text("No record is stored.")
    assert "could not make a snapshot" in caplog.text


def test_a_button_does_nothing_more_until_a_slow_backend_has_answered(open_page: MakePage, scene: Scene) -> None:
    with serve(scene.runner, "127.0.0.1", 0, refresh=REFRESH) as (host, port):
        page = open_page(f"http://{host}:{port}/jobs")
        asked = list[Route]()
        page.route("**/requeue", lambda route: asked.append(route))
        button = page.locator(f"#again{scene.discarded}")
        button.click()
        for _ in range(2):
            with page.expect_response("**/jobs"):
                scene.succeed()
        expect(button).to_have_attribute("aria-disabled", "true")
        button.click(force=True)
        with page.expect_response("**/jobs"):
            pass
        (only,) = asked
        only.continue_()
        expect(page.get_by_role("status")).to_contain_text("was requeued")


def test_an_answer_that_does_not_come_is_given_up_after_fifteen_seconds(open_page: MakePage, url: str) -> None:
    page = open_page("about:blank")
    page.add_init_script("""{
        const real = AbortSignal.timeout.bind(AbortSignal);
        AbortSignal.timeout = wait => real((window.waited = wait) / 30);
    }""")
    page.goto(url)
    page.route("**/jobs", lambda _: None)
    expect(page.get_by_role("alert")).to_have_text("What is shown is old. The server does not answer.")
    assert page.evaluate("window.waited") == 15_000


def test_the_browser_asks_for_the_token_and_the_page_refreshes_with_it(open_page: MakePage, scene: Scene) -> None:
    with serve(scene.runner, "127.0.0.1", 0, token=TOKEN, refresh=REFRESH) as (host, port):
        url = f"http://{host}:{port}/jobs"
        with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
            open_page(url)
        wrong = open_page(url, http_credentials={"username": "me", "password": "something-else-altogether"})
        assert wrong.inner_text("body").startswith("the token is needed")
        page = open_page(url, http_credentials={"username": "me", "password": TOKEN})
        id = scene.succeed()
        expect(page.locator(f"#r{id}")).to_be_attached()
        page.locator(f"#again{scene.discarded}").click()
        expect(page.get_by_role("status")).to_contain_text("was requeued")
        assert TOKEN not in page.content()
        assert TOKEN not in page.url


def test_a_page_of_another_site_sees_and_changes_nothing(
    open_page: MakePage, url: str, scene: Scene, complaints: Complaints
) -> None:
    evil = open_page("about:blank")
    evil.route("http://evil.test/", lambda route: route.fulfill(content_type="text/html", body="<p>evil</p>"))
    evil.goto("http://evil.test/")
    target = f"{url}/{scene.discarded}/requeue"
    read = evil.evaluate("url => fetch(url).then(r => r.text(), e => e.name)", url)
    assert read == "TypeError"
    evil.evaluate("url => fetch(url, { method: 'POST', mode: 'no-cors' }).catch(() => null)", target)
    evil.evaluate(
        """url => {
        const form = document.createElement("form");
        form.method = "post";
        form.action = url;
        document.body.append(form);
        form.submit();
    }""",
        target,
    )
    evil.wait_for_url("**/requeue")
    assert "a page of another site sent this" in evil.content()
    assert scene.backend.stats().total == 1337
    evil.goto("http://evil.test/")
    evil.evaluate("url => { const f = document.createElement('iframe'); f.src = url; document.body.append(f); }", url)
    evil.wait_for_timeout(500)
    assert "discarded" not in "".join(frame.content() for frame in evil.frames[1:])
    complaints.found.clear()
