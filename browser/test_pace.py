"""How often the page asks: by what an answer costs the server, however slow network and browser are."""

import pytest
from playwright.sync_api import Page, Route, expect

from browser.conftest import REFRESH, MakePage
from browser.scene import Scene

EVERY = REFRESH.total_seconds() * 1000
TREE = "application/vnd.lazyjobs.page+json"


@pytest.fixture
def paced(open_page: MakePage, url: str) -> Page:
    """The page, which notes in `delays` when it plans to ask again, and then asks when a test has it go on."""
    page = open_page("about:blank")
    page.add_init_script("""{
        window.delays = [];
        window.setTimeout = (then, delay) => { window.go = then; return delays.push(delay); };
    }""")
    page.goto(url)
    assert page.evaluate("delays") == [EVERY]
    return page


def ask(page: Page) -> float:
    """Has the page ask, and gives in how many milliseconds it plans to ask again."""
    planned = page.evaluate("delays.length")
    page.evaluate("() => { go(); }")
    page.wait_for_function("planned => delays.length > planned", arg=planned)
    delay: float = page.evaluate("delays.at(-1)")
    return delay


def test_a_slow_network_or_browser_changes_nothing(paced: Page) -> None:
    def hold(route: Route) -> None:
        paced.wait_for_timeout(EVERY * 3)
        route.continue_()

    paced.route("**/jobs", hold)
    assert ask(paced) == EVERY


@pytest.mark.parametrize(("took", "rest"), [("0.4", EVERY), ("29.9", EVERY), ("3000", 30_000), ("60000.0", 600_000)])
def test_an_answer_that_costs_the_server_much_is_asked_for_less_often(paced: Page, took: str, rest: float) -> None:
    headers = {"Content-Type": TREE, "Server-Timing": f"look;dur={took}"}
    paced.route("**/jobs", lambda route: route.fulfill(headers=headers, body='{"title": "a", "content": []}'))
    assert ask(paced) == rest


def test_the_server_says_what_a_look_costs_it(paced: Page, scene: Scene) -> None:
    with paced.expect_response("**/jobs") as answered:
        assert ask(paced) >= EVERY
    assert answered.value.header_value("server-timing").startswith("look;dur=")  # type: ignore[union-attr]


def test_a_server_that_is_gone_is_asked_again_as_soon_as_ever(paced: Page) -> None:
    paced.route("**/jobs", lambda route: route.abort())
    assert ask(paced) < 15_000
    expect(paced.locator("#trouble")).to_be_visible()


def test_a_server_that_did_not_answer_in_time_is_asked_again_as_soon_as_that_time_has_passed(paced: Page) -> None:
    paced.evaluate("{ let now = 0; performance.now = () => (now += 100_000); }")
    paced.route("**/jobs", lambda route: route.abort())
    assert ask(paced) == 15_000
