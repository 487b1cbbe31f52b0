"""A Chromium for all tests, a page for each, and the control plane that the page is of."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect, sync_playwright

from browser.scene import Scene
from lazyjobs.control import serve

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PATIENCE = 15_000
"""In milliseconds."""

DESKTOP = {"width": 1280, "height": 860}
REFRESH = timedelta(seconds=0.3)

MakePage = Callable[..., Page]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--images", action="store_true", help="write the images of docs/images anew")


@pytest.fixture
def images(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where images go: only when asked to are those of the documents replaced."""
    return IMAGES if request.config.getoption("--images") else tmp_path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    found = shutil.which("chromium")
    assert found, "there is no chromium; make browser installs it"
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.fixture
def scene() -> Scene:
    """The shop, its past told."""
    scene = Scene()
    scene.tell()
    return scene


@pytest.fixture
def url(scene: Scene) -> Iterator[str]:
    """Where the page of the shop's runner is."""
    with serve(scene.runner, "127.0.0.1", 0, refresh=REFRESH) as (host, port):
        yield f"http://{host}:{port}/jobs"


class Complaints:
    """What went wrong in pages: dialogs, exceptions, errors in the console, and what the policy kept out.

    That an answer had a bad status, which the console repeats, is nothing wrong.
    """

    def __init__(self) -> None:
        self.found: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
        )
        context.on("page", self._watch_page)

    def _watch_page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.found.append(f"exception: {error}"))
        page.on("console", self._hear)
        page.on("dialog", self._dismiss)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.found.append(message.text)

    def _dismiss(self, dialog: Dialog) -> None:
        self.found.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Those of the test's pages, of which there must be none at its end; a test takes out those it expects."""
    complaints = Complaints()
    yield complaints
    assert complaints.found == []


@pytest.fixture
def open_page(browser: Browser, complaints: Complaints) -> Iterator[MakePage]:
    """Opens a URL in a context of its own, which `Browser.new_context` takes options for."""
    with ExitStack() as stack:

        def open_page(url: str, **options: Any) -> Page:
            given = {"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce", **options}
            context = stack.enter_context(browser.new_context(**given))
            context.set_default_timeout(PATIENCE)
            complaints.watch(context)
            page = context.new_page()
            page.goto(url)
            return page

        yield open_page


@pytest.fixture
def page(open_page: MakePage, url: str) -> Page:
    """The page of the shop on a desktop."""
    return open_page(url)
