"""The pytest plugin: options, the outcome of each rule, the report."""

import pytest

pytest.register_assert_rewrite("lazyjobs_testkit.suite", "lazyjobs_testkit.history", "lazyjobs_testkit.crash")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the kit's options."""
    group = parser.getgroup("lazyjobs", "conformance of lazyjobs backends")
    group.addoption("--lazyjobs-seed", type=int, default=0)
    group.addoption("--lazyjobs-thorough", action="store_true")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker that ties a test to its rule."""
    config.addinivalue_line("markers", "lazyjobs_rule(id): the rule of the contract that a conformance test tries")
