"""Writes docs/rules.md and docs/rules/ from the kit: its rules, their tests and the backends that break them."""

from pathlib import Path

from lazyjobs_testkit.zoo import render_areas, render_index

DOCS = Path(__file__).resolve().parent.parent / "docs"
COMMAND = ".venv/bin/python scripts/rule_pages.py"


def render() -> dict[Path, str]:
    """The text of every page by its file."""
    areas = {DOCS / "rules" / f"{name}.md": text for name, text in render_areas().items()}
    return {DOCS / "rules.md": render_index(), **areas}


def main() -> None:
    """Writes the pages, and removes those of areas that are gone."""
    pages = render()
    (DOCS / "rules").mkdir(exist_ok=True)
    for path in set((DOCS / "rules").glob("*.md")) - pages.keys():
        path.unlink()
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
