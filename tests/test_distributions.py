"""The distributions of this repository declare what they import, and no more."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_OTHERS = sorted([*ROOT.glob("*/pyproject.toml"), *ROOT.glob("backends/*/pyproject.toml")])
PLACES = {"lazyjobs": ROOT, **{path.parent.name: path.parent for path in _OTHERS}}
BACKENDS = ("lazyjobs-aws", "lazyjobs-memory", "lazyjobs-sqlite")
"""Extras of the core that bring a backend, which an entry point finds; and of the backend itself, for another extra."""


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_distribution_declares_what_it_imports_and_no_more(place: Path, tmp_path: Path) -> None:
    package = next(iter([*place.glob("src/*/__init__.py"), *place.glob("lazyjobs/__init__.py")])).parent
    # The file by itself: of the whole tree's, also the groups of its tests would count as what is declared.
    declared = tomllib.loads((place / "pyproject.toml").read_text())["project"]
    optional = [each for extra in declared.get("optional-dependencies", {}).values() for each in extra]
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("".join(f"{each}\n" for each in (*declared.get("dependencies", ()), *optional)))
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "deptry", "--no-ansi", "--requirements-files", str(requirements)),
            *("--config", str(tmp_path / "none.toml"), "--known-first-party", package.name),
            *("--per-rule-ignores", f"DEP002={'|'.join(BACKENDS)}", str(package)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr
    assert "No dependency issues found" in checked.stderr


def test_every_distribution_is_looked_at() -> None:
    assert set(PLACES) == {"lazyjobs", "lazyjobs_testkit", "aws", "memory", "sqlite"}
