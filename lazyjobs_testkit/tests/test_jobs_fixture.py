"""The fixture `jobs` in the tests of an application: taken, extended, and what is shown when a test fails."""

import sys
from collections.abc import Callable

import pytest

pytest_plugins = ("pytester",)

APP = """
from dataclasses import dataclass
from lazyjobs import BaseJob, JobRunner

@dataclass
class Welcome(BaseJob):
    kind = "mail.welcome"
    address: str

    def work(self):
        deliver(self.address)

def deliver(address):
    raise ConnectionError(f"no route to {address}")

runner = JobRunner("nothing-installed://host", jobs=[Welcome])

def sign_up(address):
    runner.enqueue(Welcome(address))
"""

CONFTEST = """
import pytest
from shop import runner

@pytest.fixture
def jobs(jobs):
    jobs.use(runner)
    return jobs
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest over the tests of the application above."""
    pytester.makepyfile(shop=APP)
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\nfilterwarnings = error\n")

    def run_pytest(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_shop="from shop import *\n" + tests)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return run_pytest


def test_each_test_has_jobs_of_its_own_over_the_runner_of_the_application(run: Run) -> None:
    run(
        """
def test_one(jobs):
    sign_up("ada")
    jobs.assert_enqueued(Welcome, address="ada", count=1)

def test_two(jobs):
    sign_up("bob")
    assert jobs.enqueued(Welcome) == [Welcome("bob")]

def test_three():
    from lazyjobs import UnknownBackendError
    import pytest
    with pytest.raises(UnknownBackendError):
        sign_up("eve")
"""
    ).assert_outcomes(passed=3)


def test_a_failed_assertion_points_at_the_test_and_lists_what_was_enqueued(run: Run) -> None:
    result = run(
        """
def test_sign_up(jobs):
    sign_up("ada")
    jobs.assert_enqueued(Welcome, address="bob")
"""
    )
    result.stdout.fnmatch_lines(
        [
            "jobs = <Jobs manual, 1 enqueued, 1 waiting>",
            ">       jobs.assert_enqueued(Welcome, address=*bob*",
            "E       AssertionError: no Welcome with address='bob' was enqueued; what was enqueued:",
            "E         Welcome(address='ada') on default, pending, due",
            "E           address is 'ada', not 'bob'",
            "test_shop.py:5: AssertionError",
        ]
    )
    result.stdout.no_fnmatch_line("*lazyjobs_testkit*_assertions.py*")


def test_a_job_that_raises_fails_the_test_at_the_line_that_raised(run: Run) -> None:
    result = run(
        """
def test_sign_up(jobs):
    sign_up("ada")
    jobs.drain()
"""
    )
    result.stdout.fnmatch_lines(
        [
            ">       jobs.drain()",
            "test_shop.py:5: ",
            "shop.py:* in work",
            "    deliver(self.address)",
            ">       raise ConnectionError(*",
            "E       ConnectionError: no route to ada",
            "E       in Welcome(address='ada'), id=1 on default, attempt 1 of 25, which is retried at *",
            "shop.py:*: ConnectionError",
        ],
        consecutive=False,
    )
    shown = result.stdout.str().partition("Captured log")[0]
    assert "lazyjobs/runner" not in shown
    assert "lazyjobs_testkit/jobs" not in shown


def test_inline_the_traceback_leads_through_the_code_that_enqueued(run: Run) -> None:
    result = run("\ndef test_sign_up(jobs):\n    with jobs.inline():\n        sign_up('ada')\n", "--tb=short")
    result.stdout.fnmatch_lines(
        ["test_shop.py:5: in test_sign_up", "shop.py:* in sign_up", "shop.py:* in work", "shop.py:* in deliver"]
    )


def test_a_misspelt_field_is_shown_at_the_line_of_the_test(run: Run) -> None:
    result = run("\ndef test_sign_up(jobs):\n    jobs.assert_not_enqueued(Welcome, adress='ada')\n")
    result.stdout.fnmatch_lines(
        [
            ">       jobs.assert_not_enqueued(Welcome, adress='ada')",
            "E       TypeError: Welcome has no field 'adress'; its fields: address",
            "test_shop.py:4: TypeError",
        ]
    )


def test_tests_may_be_spread_over_processes(run: Run) -> None:
    tests = "\n".join(
        f"def test_{number}(jobs):\n    sign_up('{number}')\n    jobs.assert_enqueued(Welcome, count=1)\n"
        for number in range(8)
    )
    run(tests, "-n", "2").assert_outcomes(passed=8)


UNITTEST = """
import unittest
from datetime import timedelta
from lazyjobs_testkit import Jobs
from shop import Welcome, runner, sign_up

class SignUp(unittest.TestCase):
    def setUp(self):
        self.jobs = self.enterContext(Jobs(runner))

    def test_enqueues_a_welcome(self):
        sign_up("ada")
        self.jobs.assert_enqueued(Welcome, address="ada")

    def test_gives_up_in_the_end(self):
        sign_up("ada")
        self.jobs.run_for(timedelta(hours=1), tolerate=ConnectionError)
        self.jobs.assert_discarded(Welcome, attempt=25)

    def test_fails(self):
        self.jobs.assert_enqueued(Welcome)

if __name__ == "__main__":
    import sys
    result = unittest.main(exit=False).result
    assert not {"pytest", "hypothesis"} & set(sys.modules)
"""


def test_unittest_takes_it_as_a_context_manager_and_needs_no_pytest(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(shop=APP, test_unit=UNITTEST)
    result = pytester.run(sys.executable, "test_unit.py", timeout=60)
    result.stderr.fnmatch_lines(
        ["*AssertionError: no Welcome was enqueued; nothing was enqueued at all", "Ran 3 tests in *", "*failures=1*"]
    )
    result.stderr.no_fnmatch_line("*sys.modules*")
    assert result.ret == 0


def test_a_fixture_of_the_same_name_is_the_projects_own(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef jobs():\n    return ['mine']\n")
    run("\ndef test_mine(jobs):\n    assert jobs == ['mine']\n").assert_outcomes(passed=1)
