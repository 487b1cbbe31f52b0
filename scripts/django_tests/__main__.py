"""Runs Django's tests on each storage in turn, and tells which do not apply, and why."""

import logging
import os
import sys
import unittest
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import django
from django.conf import settings

from django_tests.exclusions import EXCLUDED, EXCLUDED_ON_BACKPORT
from django_tests.fetch import fetch_tests

FEWEST = 65
"""Tests that must have run on a storage, lest a search that finds none pass for a success."""


def main() -> int:
    """Returns the exit code."""
    version, place = fetch_tests()
    backport = django.VERSION < (6, 0)
    excluded = {**EXCLUDED, **(EXCLUDED_ON_BACKPORT if backport else {})}
    framework = f"django-tasks on Django {django.get_version()}" if backport else f"Django {django.get_version()}"
    sys.path.insert(0, str(place))
    _set_up_django(backport=backport)
    print(f"== {framework}, with the tests of Django {version}; not applicable ({len(excluded)}):")
    for name, reason in excluded.items():
        print(f"   {name}: {reason}")
    with TemporaryDirectory(prefix="lazyjobs-django-") as directory:
        urls = ["memory://", f"sqlite:///{directory}/jobs.db"]
        well = [_run(url, excluded) for url in urls]
        return 0 if all(well) else 1


def _set_up_django(*, backport: bool) -> None:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django_tasks"] if backport else [],
        USE_TZ=True,
        TASKS={"default": {"BACKEND": "django_tests.adapters.Storing", "QUEUES": []}},
    )
    django.setup()
    logging.getLogger("lazyjobs").addHandler(logging.NullHandler())  # tasks that fail are what many tests are about


def _run(url: str, excluded: dict[str, str]) -> bool:
    from django.test.runner import DiscoverRunner

    from django_tests.adapters import URL

    os.environ[URL] = url
    runner = DiscoverRunner(verbosity=0, interactive=False)
    suite = runner.build_suite(["tasks"])
    found = {_name(test): test for test in _tests_of(suite)}
    if unknown := excluded.keys() - found.keys():
        print(f"excluded, but not there: {', '.join(sorted(unknown))}")
        return False
    for name in excluded:
        _expect_failure(found[name])
    runner.setup_test_environment()
    databases = runner.setup_databases()
    try:
        result = runner.run_suite(suite)
    finally:
        runner.teardown_databases(databases)
        runner.teardown_test_environment()
    for test in result.unexpectedSuccesses:
        print(f"excluded, but passes: {_name(test)}")
    applied = result.testsRun - len(excluded)
    print(f"   {url.partition('://')[0]}: {applied} applied, {len(result.failures) + len(result.errors)} failed")
    return result.wasSuccessful() and not result.skipped and applied >= FEWEST


def _tests_of(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _tests_of(test)
        else:
            yield test


def _name(test: unittest.TestCase) -> str:
    return test.id().removeprefix("tasks.")


def _expect_failure(test: unittest.TestCase) -> None:
    test.__unittest_expecting_failure__ = True  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
