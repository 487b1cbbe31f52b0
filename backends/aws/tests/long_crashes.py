"""Two crashes in a row, in every combination; takes minutes, so `make aws` runs it."""

from collections.abc import Callable

import pytest
from aws_support.crashes import CORE, REST, Enumeration, Interruptions, Scenario
from aws_support.place import Place

from lazyjobs_aws import AwsBackend
from lazyjobs_aws.emulator import emulator_session

LARGE = [scenario for scenario in REST if "large" in scenario.name or scenario.name == "extend"]


@pytest.fixture(scope="module")
def crashes(emulated: None) -> Interruptions:
    return Interruptions(emulator_session())


@pytest.mark.parametrize("purged", [False, True], ids=["", "and SQS loses everything"])
@pytest.mark.parametrize("scenario", [*CORE, *LARGE], ids=lambda each: each.name)
def test_nothing_is_lost_by_two_crashes(
    scenario: Scenario,
    purged: bool,
    make_place: Callable[[], Place],
    crashes: Interruptions,
    record_property: Callable[[str, object], None],
) -> None:
    enumeration = Enumeration(make_place, crashes, AwsBackend)
    assert enumeration.run(scenario, purged=purged, twice=True) == {}
    record_property("crashes", enumeration.count)
    print(f"{scenario.name}: {enumeration.count} pairs of crashes")
