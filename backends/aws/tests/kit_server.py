"""The whole conformance kit on a server, with processes: moto's, or the emulator at `LAZYJOBS_AWS_ENDPOINT`.

With a feed and three shards, and without.
"""

from lazyjobs_aws.conformance import AwsHarness, FeedHarness
from lazyjobs_testkit import conformance_suite

TestAws = conformance_suite(AwsHarness)
TestAwsFeed = conformance_suite(FeedHarness)
