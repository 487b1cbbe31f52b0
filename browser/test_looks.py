"""How the page looks: on a phone, in the dark, to those who see little; and the images of the documents."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browser.conftest import MakePage
from browser.scene import JOBS, Scene
from lazyjobs import JobRunner
from lazyjobs.control import serve

PHONE = {"width": 360, "height": 780}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True},
    "dark phone": {"viewport": PHONE, "color_scheme": "dark"},
}

every_look = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())


def settle(page: Page, scene: Scene) -> None:
    """Everything that there is to see: an open error, a requeued record, a message, the focus on a button."""
    older = scene.discard("mail.receipt", "mail", "SMTPRecipientsRefused: 550 no such user")
    page.locator(f"#again{older}").click()
    expect(page.locator("#said")).to_contain_text("was requeued")
    page.locator(f"#e{scene.discarded} summary").click()
    page.locator("#rate-how summary").click()
    page.click("#pause")


def is_sign(node: dict[str, Any]) -> bool:
    """Whether it is one of the signs beside a word, which axe does not take for text."""
    return any("only non-text characters" in check["message"] for check in node["any"])


@every_look
def test_axe_finds_no_fault(open_page: MakePage, url: str, scene: Scene, look: dict[str, Any]) -> None:
    page = open_page(url, bypass_csp=True, **look)  # axe brings its own script
    settle(page, scene)
    results = Axe().run(page, options={"resultTypes": ["violations", "incomplete"]})
    assert results.violations_count == 0, results.generate_report()
    assert {"color-contrast", "landmark-one-main"} <= {rule["id"] for rule in results.response["passes"]}
    unsure = [node for rule in results.response["incomplete"] for node in rule["nodes"] if not is_sign(node)]
    assert unsure == []


@every_look
def test_axe_finds_no_fault_when_the_server_is_gone(open_page: MakePage, url: str, look: dict[str, Any]) -> None:
    page = open_page(url, bypass_csp=True, **look)
    page.route("**/jobs", lambda route: route.fulfill(status=503, content_type="text/plain", body="no"))
    expect(page.locator("#trouble")).to_be_visible()
    assert Axe().run(page).violations_count == 0


@pytest.mark.parametrize("width", [320, 360, 412, 700, 820, 1000, 1160, 1280, 1920])
def test_no_width_makes_the_page_scroll_sideways(open_page: MakePage, url: str, scene: Scene, width: int) -> None:
    page = open_page(url, viewport={"width": width, "height": 800})
    settle(page, scene)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate(
        "[...document.querySelectorAll('#view *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 "
        "&& !e.closest('summary')).map(e => e.outerHTML.slice(0, 90))"
    )
    assert outside == []
    cramped = "[...document.querySelectorAll('#states a')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.id)"
    assert page.evaluate(cramped) == []


def test_what_is_touched_is_large_enough_on_a_phone(open_page: MakePage, url: str, scene: Scene) -> None:
    page = open_page(url, **LOOKS["phone"])
    settle(page, scene)
    boxes = [element.bounding_box() for element in page.locator("button:visible, #states a, summary:visible").all()]
    assert len(boxes) > 10
    assert [box for box in boxes if box is None or box["height"] < 24] == []


def test_light_and_dark_follow_the_system_at_once(page: Page) -> None:
    def brightness() -> list[int]:
        colours = page.evaluate(
            "[document.body, document.querySelector('#recent')].map(element => getComputedStyle(element))"
            ".flatMap(style => [style.color, style.backgroundColor])"
        )
        return [sum(map(int, colour.strip("rgb()").split(", "))) for colour in colours]

    page.emulate_media(color_scheme="light")
    text, back, _, card = brightness()
    assert text < 150 < 700 < min(back, card)
    page.emulate_media(color_scheme="dark")
    text, back, _, card = brightness()
    assert max(back, card) < 150 < 600 < text


def test_nothing_moves_for_those_who_want_that(page: Page) -> None:
    count = "document.getAnimations().length"
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(count) == 1
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(count) == 0


def test_text_twice_as_large_still_fits(open_page: MakePage, url: str) -> None:
    page = open_page(url, viewport={"width": 640, "height": 800})
    page.evaluate("document.body.style.setProperty('zoom', '2')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


@pytest.mark.parametrize("name", ["light", "dark", "phone"])
def test_images_for_the_documents(open_page: MakePage, scene: Scene, name: str, images: Path) -> None:
    idle = JobRunner(scene.backend, jobs=JOBS, queues=["idle"])
    with idle, serve(idle, "127.0.0.1", 0) as (host, port):
        page = open_page(f"http://{host}:{port}/jobs", **{"viewport": {"width": 1280, "height": 1060}, **LOOKS[name]})
        page.locator(f"#e{scene.discarded} summary").click()
        page.evaluate("scrollTo(0, 0)")
        images.mkdir(exist_ok=True)
        file = images / f"control-{name}.png"
        page.screenshot(path=file)
    assert 5_000 < file.stat().st_size < 200_000
