"""The pages in docs/ that are about the kit say what the kit is."""

import json
import re
from pathlib import Path
from runpy import run_path

import fastjsonschema
import pytest

from lazyjobs_testkit import Harness, Traits, harness
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.report import Status, render_schema
from lazyjobs_testkit.rules import Area

pytest_plugins = ("pytester",)

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "conformance.md").read_text(encoding="utf-8")
README = (DOCS.parent / "lazyjobs_testkit" / "README.md").read_text(encoding="utf-8")


def read_first_column(heading: str) -> list[str]:
    """The first column of the table that has `heading` above it."""
    table = PAGE[PAGE.index(f"| {heading} | |") :].split("\n\n")[0]
    return [line.split("|")[1].strip(" `") for line in table.splitlines()[2:]]


def test_the_pages_of_the_rules_are_those_of_the_kit() -> None:
    pages: dict[Path, str] = run_path(str(DOCS.parent / "scripts" / "rule_pages.py"))["render"]()
    assert set((DOCS / "rules").glob("*.md")) == pages.keys() - {DOCS / "rules.md"}
    stale = [path.name for path, text in pages.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run make docs"


def test_a_page_shows_a_rule_with_its_words_its_test_and_what_breaks_it() -> None:
    page = (DOCS / "rules" / "claim.md").read_text(encoding="utf-8")
    section = page[page.index("## CLM-04\n") :].split("\n## ")[0]
    rule = MANIFEST["CLM-04"]
    for words in (rule.title, rule.text, rule.cause, rule.keyword, rule.level, "Tried by `test_", "- `OrderedById`:"):
        assert words in section


def test_a_page_says_when_a_rule_applies() -> None:
    extend = (DOCS / "rules" / "extend.md").read_text(encoding="utf-8")
    durability = (DOCS / "rules" / "durability.md").read_text(encoding="utf-8")
    assert "only with `SupportsExtend`" in extend
    assert "needs EXT-01" in extend
    assert "only where `durable` is declared" in durability
    assert "only where the harness has `restart()`" in durability


def test_the_schema_is_that_of_the_report() -> None:
    schema = (DOCS / "conformance.schema.json").read_text(encoding="utf-8")
    assert schema == render_schema(), "docs/conformance.schema.json is stale; run make docs"


@pytest.mark.parametrize("options", [[], ["--lazyjobs-performance"], ["-k", "INS-01"]])
def test_what_is_written_is_valid_by_the_schema(options: list[str], pytester: pytest.Pytester, shelves: Path) -> None:
    selected = options or ["-k", "STA or INS"]
    pytester.runpytest_inprocess(
        "--pyargs",
        "lazyjobs_testkit",
        "--lazyjobs-backend=shelves:MiscountingHarness",
        "--lazyjobs-output=there",
        *selected,
        *(["-k", "STA-01"] if "--lazyjobs-performance" in options else []),
    )
    validate = fastjsonschema.compile(json.loads(render_schema()))
    content = json.loads((pytester.path / "there" / "conformance.json").read_bytes())
    assert validate(content) == content
    assert bool(content["performance"]) == ("--lazyjobs-performance" in options)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate({**content, "rules": [{"id": "INS-01"}]})


def test_every_trait_is_told() -> None:
    assert sorted(read_first_column("trait")) == sorted(Traits.__struct_fields__)


def test_every_status_is_told() -> None:
    assert [word.replace(" ", "_") for word in read_first_column("status")] == list(Status)


def test_every_hook_is_told() -> None:
    protocols = [value for name, value in vars(harness).items() if name.startswith("Supports")]
    hooks = {name for each in protocols for name in vars(each) if not name.startswith("_") and name != "mro"}
    assert {name.partition("(")[0] for name in read_first_column("hook")} == hooks


def test_every_area_is_told() -> None:
    told = set(re.findall(r"\b[A-Z]{3}\b", PAGE[PAGE.index("| check |") :].split("\n\n")[0]))
    assert told == set(Area)


def test_every_option_of_the_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from lazyjobs_testkit.cli import main

    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"^  (?:-h, )?(--[a-z]+)", capsys.readouterr().out, re.MULTILINE)) - {
        "--help",
        "--version",
    }
    assert {option for option in options if f"`{option}" not in README} == set()


def test_the_harness_of_the_readme_needs_nothing_more() -> None:
    assert {name for name, each in vars(Harness).items() if getattr(each, "__isabstractmethod__", False)} == {
        "open",
        "destroy",
    }
