"""Texts that would like to be more than text."""

from typing import Any

import msgspec
import pytest
from playwright.sync_api import Error, Page, expect

from browser.conftest import Complaints, MakePage
from lazyjobs import ClaimParams, DiscardParams, InsertParams
from lazyjobs.control import serve
from lazyjobs.control._words import visible
from lazyjobs_memory import MemoryBackend

TEXTS = {
    "script": "<script>alert(1)</script>",
    "end of script": "</script><script>alert(1)</script>",
    "end of style": "</style><img src=x onerror=alert(1)>",
    "image": "<img src=x onerror=alert(1)>",
    "svg": "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x dur=1s>",
    "frame": "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "attribute": "\" autofocus onfocus=alert(1) x='\" onmouseover='alert(1)",
    "link": "javascript:alert(1)",
    "end of everything": "</pre></details></td></tr></table></main></body></html><h1>mine</h1>",
    "comment": "<!-- <script> -->",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &#x3c;",
    "template": "${alert(1)} {{alert(1)}} $title $$",
    "separators": "a\u2028b\u2029c",
    "bidi": "invoice\u202egpj.exe \u2066x\u2069 \u200f",
    "controls": "nul\x00 bell\x07 escape\x1b[31m delete\x7f c1\x9b return\r",
    "invisible": "zero\u200bwidth\ufeff soft\xadhyphen \U000e0041",
    "surrogates": "\ud83d \udc00 \ud800",
    "combining": "Z\u0351\u036b\u0343\u036a\u0302" * 40,
    "long word": "w" * 5_000,
    "lines": "first\n\n\tsecond\n" * 200,
    "right to left": "שגיאה: הקובץ לא נמצא",
}


class Hostile(MemoryBackend):
    """Tells of records whose kind, queue and error are one of the texts, as no contract would let it."""

    def __init__(self) -> None:
        super().__init__()
        for _ in TEXTS:
            self.insert(InsertParams(kind="placeholder"))
            claimed = self.claim(ClaimParams())
            assert claimed is not None
            self.discard(DiscardParams(id=claimed.id, attempt=claimed.attempt, last_error="placeholder"))

    def list(self, *arguments: Any) -> Any:
        return [self._change(record) for record in super().list(*arguments)]

    def stats(self) -> Any:
        texts = [text[:200] for text in TEXTS.values()]
        counts = dict.fromkeys(texts, 1)
        states = {text: {"discarded": 1} for text in texts}
        return msgspec.structs.replace(super().stats(), by_kind=counts, by_queue=counts, by_queue_state=states)

    def _change(self, record: Any) -> Any:
        text = [*TEXTS.values()][record.id - 1]
        return msgspec.structs.replace(record, kind=text[:200], queue=text[:200], last_error=text)


@pytest.fixture(params=[{}, {"viewport": {"width": 360, "height": 780}}], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, open_page: MakePage) -> Any:
    with serve(Hostile(), "127.0.0.1", 0) as (host, port):
        yield open_page(f"http://{host}:{port}/jobs", **request.param)


def check(page: Page) -> None:
    for number, text in enumerate(TEXTS.values(), start=1):
        row, error = page.locator(f"#r{number}"), page.locator(f"#e{number} pre")
        expected = visible(text.encode(errors="replace").decode())
        assert error.text_content() == expected
        assert row.locator(".kind").text_content() == visible(text[:200])
        assert row.locator(".queue").text_content() == visible(text[:200])
    assert page.locator("script, style, iframe, img, h1, base, link[rel=stylesheet]").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_hostile_texts_stay_text_in_the_first_view_and_after_refreshes(page: Page, complaints: Complaints) -> None:
    check(page)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    page.locator("#updated").evaluate("element => element.textContent = ''")
    expect(page.locator("#updated")).to_contain_text("Updated")
    check(page)
    # Built anew, row by row, by the script alone.
    page.evaluate("document.querySelector('#view').replaceChildren()")
    expect(page.locator("#e1")).to_be_attached()
    check(page)
    assert complaints.found == []


def test_the_policy_stops_a_script_that_got_in_all_the_same(page: Page, complaints: Complaints) -> None:
    with page.expect_console_message(lambda message: "policy: script-src" in message.text):
        page.evaluate("""() => {
            const link = document.createElement("a");
            link.setAttribute("href", "javascript:window.broken = true");
            document.body.append(link);
            link.click();
        }""")
    with (
        page.expect_console_message(lambda message: "policy: require-trusted-types-for" in message.text),
        pytest.raises(Error, match="TrustedHTML"),
    ):
        page.evaluate("document.body.innerHTML = '<b>x</b>'")
    assert page.evaluate("window.broken") is None
    complaints.found.clear()
