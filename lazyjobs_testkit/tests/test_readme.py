"""The README's examples run as they stand, in the order in which they stand."""

import re
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_example_is_a_suite_whose_expected_failure_does_not_happen(pytester: pytest.Pytester) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    pytester.makepyfile(test_conformance="\n\n".join(blocks))
    result = pytester.runpytest_inprocess("-k", "CLM-04 or INS-01")
    result.stdout.fnmatch_lines(["*conformance of my*", " FAIL CLM-04 *", "*expected to fail, and holds*"])


def test_the_example_of_an_application_passes(pytester: pytest.Pytester) -> None:
    (example,) = (block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "def test_" in block)
    pytester.makepyfile(test_house=example)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
