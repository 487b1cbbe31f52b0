"""Crashes that take too long for the quick tests: two in a row, in every combination; `make aws` runs them."""

from collections.abc import Callable, Iterator

import pytest
from aws_support.crashes import CORE, REST, Enumeration, Interruptions, Scenario
from aws_support.place import Place

from lazyjobs_aws import AwsBackend

LARGE = [scenario for scenario in REST if "large" in scenario.name or scenario.name == "extend"]


@pytest.fixture(scope="module")
def crashes(emulated: None) -> Iterator[Interruptions]:
    interruptions = Interruptions()
    yield interruptions
    interruptions.remove()


@pytest.mark.parametrize("scenario", REST, ids=lambda each: each.name)
def test_nothing_is_lost_by_a_crash(
    scenario: Scenario, make_place: Callable[[], Place], crashes: Interruptions
) -> None:
    enumeration = Enumeration(make_place, crashes, AwsBackend)
    assert enumeration.run(scenario, purged=False) == {}
    assert enumeration.interrupted >= 2


@pytest.mark.parametrize("purged", [False, True], ids=["", "and SQS loses everything"])
@pytest.mark.parametrize("scenario", [*CORE, *LARGE], ids=lambda each: each.name)
def test_nothing_is_lost_by_two_crashes(
    scenario: Scenario,
    purged: bool,
    make_place: Callable[[], Place],
    crashes: Interruptions,
) -> None:
    enumeration = Enumeration(make_place, crashes, AwsBackend)
    assert enumeration.run(scenario, purged=purged, twice=True) == {}
    print(f"{scenario.name}: {enumeration.count} pairs of crashes")
