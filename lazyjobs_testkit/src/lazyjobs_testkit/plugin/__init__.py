"""The pytest plugin: options, the fixture `jobs`, and for a conformance suite its rules, verdicts and a report.

It does nothing, and imports nothing of the kit, until a suite is collected or a test takes the fixture.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lazyjobs_testkit.jobs import Jobs


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the kit's options."""
    group = parser.getgroup("lazyjobs", "conformance of lazyjobs backends")
    group.addoption(
        "--lazyjobs-backend",
        action="append",
        default=[],
        metavar="NAME",
        help="with --pyargs lazyjobs_testkit: try this backend: the name of an installed one, `all` of them, a URL, "
        "module:Harness or file.py:Harness",
    )
    group.addoption(
        "--lazyjobs-trait",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="what the backend of a URL declares, such as durable or max_payload=262144",
    )
    group.addoption("--lazyjobs-seed", type=int, metavar="N", help="the seed of everything random; chosen if not given")
    group.addoption("--lazyjobs-thorough", action="store_true", help="ten times the usual budgets")
    group.addoption(
        "--lazyjobs-performance",
        action="store_true",
        help="measure the backend too; the figures are told and fail nothing",
    )
    group.addoption(
        "--lazyjobs-output", metavar="DIR", help="write conformance.json, conformance.html and badge.json there"
    )
    group.addoption(
        "--lazyjobs-baseline",
        metavar="FILE",
        help="an earlier conformance.json: what it records as failing may fail, anything else that differs may not",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker that ties a test to its rule, and what waits for a suite."""
    config.addinivalue_line("markers", "lazyjobs_rule(id): the rule of the contract that a conformance test tries")
    if config.option.lazyjobs_seed is None:
        from_controller: dict[str, int] = getattr(config, "workerinput", {})
        chosen = random.randrange(1_000_000)  # noqa: S311 (to be told, not to be secret)
        config.option.lazyjobs_seed = from_controller.get("lazyjobs_seed", chosen)
    from lazyjobs_testkit.plugin._gateway import Gateway

    config.pluginmanager.register(Gateway(config), "lazyjobs_testkit_gateway")


@pytest.fixture(name="jobs")
def make_jobs() -> Iterator[Jobs]:
    """Background jobs of lazyjobs in the hands of the test; `help(lazyjobs_testkit.Jobs)` tells what they can do."""
    from lazyjobs_testkit.jobs import Jobs

    with Jobs() as jobs:
        yield jobs
