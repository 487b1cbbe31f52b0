from pathlib import Path
from runpy import run_path

SCRIPT = Path(__file__).parent.parent / "scripts" / "contract_page.py"


def test_the_contract_page_says_what_the_docstrings_say() -> None:
    script = run_path(str(SCRIPT))
    page: Path = script["PAGE"]
    assert page.read_text(encoding="utf-8") == script["render"](), f"{page.name} is stale; run {script['COMMAND']}"


def test_the_contract_page_shows_every_method_of_a_backend() -> None:
    page = run_path(str(SCRIPT))["render"]()
    for method in ("insert", "claim", "complete", "retry", "discard", "list", "stats"):
        assert f"#### `{method}(" in page
