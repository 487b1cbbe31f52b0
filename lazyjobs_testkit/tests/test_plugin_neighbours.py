"""Beside other plugins of pytest, which answer hooks in their own way, the verdict is the same."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

import lazyjobs_testkit.plugin._run  # noqa: F401 (every run below finds it already imported)
from lazyjobs_testkit.suite._conformance import suite_tests

suite_tests()
pytest_plugins = ("pytester",)

MINE = """
from shelves import *
from lazyjobs_testkit import conformance_suite

TestForgetful = conformance_suite(ForgetfulHarness)
"""
NEIGHBOURS = {
    "none": "",
    "classes come in a list, as with pytest-asyncio": """
        @pytest.hookimpl(wrapper=True)
        def pytest_pycollect_makeitem():
            made = yield
            return [made] if isinstance(made, pytest.Class) else made
    """,
    "tests are shuffled, as with pytest-randomly": """
        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(items):
            items.reverse()
    """,
    "tests are sorted after all others, as with --failed-first": """
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(items):
            yield
            items.sort(key=lambda item: item.nodeid, reverse=True)
    """,
    "tests are repeated, as with pytest-repeat": """
        def pytest_generate_tests(metafunc):
            metafunc.fixturenames.append("again")
            metafunc.parametrize("again", [1, 2])
    """,
    "tests are run again, as with pytest-rerunfailures": """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                item._initrequest()
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            return True
    """,
}

Judge = Callable[[str], dict[str, str]]


@pytest.fixture
def judge(pytester: pytest.Pytester, shelves: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """What is known of three rules after a run beside the neighbour of that name."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def judge(name: str) -> dict[str, str]:
        pytester.makeconftest(f"import pytest\n{dedent(NEIGHBOURS[name])}")
        pytester.makepyfile(test_mine=MINE)
        pytester.runpytest_inprocess(
            "-p", "lazyjobs_testkit.plugin", "-k", "INS-01 or CLM-04 or STA-01", "--lazyjobs-output=out"
        )
        report = json.loads(Path("out/conformance.json").read_bytes())
        return {rule["id"]: rule["status"] for rule in report["rules"] if rule["reason"] != "not selected"}

    return judge


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_the_verdict_is_the_same_beside_another_plugin(judge: Judge, name: str) -> None:
    assert judge(name) == {"INS-01": "failed", "CLM-04": "blocked", "STA-01": "passed"}
