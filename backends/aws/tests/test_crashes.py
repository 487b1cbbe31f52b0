"""A worker crashes before and after every API call of every method; those that come after it lose nothing."""

from collections.abc import Callable, Iterator

import pytest
from aws_support.crashes import CORE, REST, Enumeration, Interruptions, Scenario
from aws_support.naive import MessageDeletedFirst
from aws_support.place import Place

from lazyjobs_aws import AwsBackend

CASES = [*((each, False) for each in CORE), *((each, True) for each in (*CORE, *REST))]
NAMES = [f"{each.name}{', and SQS loses everything' if purged else ''}" for each, purged in CASES]


@pytest.fixture(scope="module")
def crashes(emulated: None) -> Iterator[Interruptions]:
    interruptions = Interruptions()
    yield interruptions
    interruptions.remove()


@pytest.mark.parametrize(("scenario", "purged"), CASES, ids=NAMES)
def test_nothing_is_lost_by_a_crash(
    scenario: Scenario, purged: bool, make_place: Callable[[], Place], crashes: Interruptions
) -> None:
    enumeration = Enumeration(make_place, crashes, AwsBackend)
    assert enumeration.run(scenario, purged=purged) == {}
    assert enumeration.interrupted >= 2


def test_the_same_search_finds_what_deleting_the_message_first_loses(
    make_place: Callable[[], Place], crashes: Interruptions
) -> None:
    wrong: dict[str, list[str]] = {}
    for purged in (False, True):
        enumeration = Enumeration(make_place, crashes, MessageDeletedFirst)
        for scenario in CORE:
            found = enumeration.run(scenario, purged=purged)
            wrong |= {f"{where}{', purged' if purged else ''}": told for where, told in found.items()}
    assert wrong["claim, after call 2 (DeleteMessageBatch)"] == ["job1 is pending for ever"]
    assert wrong["claim, after call 3 (UpdateItem)"] == ["job1 is running for ever"]
    assert wrong["claim, before call 1 (ReceiveMessage), purged"] == ["job1 is pending for ever"]
    assert len(wrong) > 50
