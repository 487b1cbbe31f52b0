"""What a job costs is no more than what docs/aws.md says; on the emulator at LAZYJOBS_AWS_ENDPOINT, which counts."""

import os

import pytest

from benchmarks.aws._scenarios import count_life
from lazyjobs_aws.emulator import ENDPOINT

# Life: write units without and with feed, read units, SQS requests.
MOST = {
    "inserted, claimed, completed": (6.0, 11.0, 0.05, 2.3),
    "the same in batches of ten": (6.0, 11.0, 0.05, 0.5),
    "one retry": (11.0, 20.0, 0.6, 3.3),
    "scheduled for later": (6.0, 11.0, 0.6, 0.7),
    "3 KB payload": (9.0, 14.0, 1.1, 2.3),
    "100 KB payload": (104.0, 109.0, 1.1, 2.3),
}


@pytest.mark.parametrize("feed", [False, True], ids=["no feed", "feed"])
@pytest.mark.parametrize("life", MOST)
def test_a_job_costs_no_more_than_it_did(life: str, feed: bool) -> None:
    plain, with_feed, read_units, sqs_requests = MOST[life]
    charges = count_life(os.environ[ENDPOINT], life, feed=feed)
    assert charges.write_units <= (with_feed if feed else plain)
    assert charges.read_units <= read_units
    assert charges.sqs_requests <= sqs_requests
    assert charges.write_units > 0
