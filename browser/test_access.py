"""The page by keyboard and screen reader."""

from playwright.sync_api import Page, expect

from browser.scene import Scene


def test_it_has_landmarks_headings_and_named_tables(page: Page) -> None:
    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("navigation", name="Records by state")).to_have_count(1)
    for name in ("Overview", "Queues", "Kinds", "Recent records"):
        expect(page.get_by_role("region", name=name, exact=False)).to_have_count(1)
    assert page.get_by_role("heading").all_inner_texts()[0] == "lazyjobs"
    for name in ("Records by queue", "Records by kind", "Newest change first"):
        expect(page.get_by_role("table", name=name)).to_have_count(1)
    expect(page.get_by_role("img", name="Finished in each 10 seconds")).to_have_count(1)


def test_cells_belong_to_rows_and_columns_on_a_phone_too(page: Page, scene: Scene) -> None:
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 780})
        table = page.get_by_role("table", name="Newest change first")
        heads = ["Record", "Kind", "Queue", "State", "Attempt", "Changed", "Next", "Action"]
        assert table.get_by_role("columnheader").all_text_contents() == heads
        row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=f"#{scene.discarded}"))
        expect(row).to_have_count(1)
        assert row.get_by_role("cell").count() == len(heads) - 1


def test_its_tree_names_what_can_be_done(page: Page, scene: Scene) -> None:
    tree = page.locator("body").aria_snapshot()
    for line in (
        '- link "Skip to the records"',
        '- button "Pause"',
        '- link "2 discarded"',
        f'- button "Requeue record {scene.discarded}"',
    ):
        assert line in tree, tree[:3000]
    assert "alert" not in tree


def test_requeueing_works_by_keyboard_alone(page: Page, scene: Scene) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the records")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the records")).to_be_in_viewport()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name=f"Requeue record {scene.discarded}")
    for _ in range(10):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    page.keyboard.press("Space")
    copy = page.locator(f"#copy{scene.discarded}")
    expect(copy).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(
        f"Record {scene.discarded} was requeued as record {scene.discarded + 11}."
    )
    assert copy.inner_text() == f"#{scene.discarded + 11}"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("details[open]")).to_have_count(1)
    assert scene.backend.stats().total == 1338


def test_a_refusal_is_said(page: Page, scene: Scene) -> None:
    page.click("#pause")
    other = page.request.post(page.url.replace("/jobs", f"/jobs/{scene.discarded}/requeue"))
    assert other.status == 201
    page.locator(f"#again{scene.discarded}").click()
    expect(page.get_by_role("status")).to_contain_text(f"Not requeued: record {scene.discarded} was requeued already")


def test_a_refresh_is_not_read_out(page: Page, scene: Scene) -> None:
    live = page.locator("[aria-live], [role=status], [role=alert], [role=log]")
    page.evaluate("""() => {
        window.changes = 0;
        for (const element of document.querySelectorAll("[aria-live], [role=status], [role=alert], [role=log]"))
            new MutationObserver(() => window.changes++).observe(element, { childList: true, subtree: true });
    }""")
    assert live.count() == 2
    id = scene.succeed()
    expect(page.locator(f"#r{id}")).to_be_attached()
    assert page.evaluate("window.changes") == 0
