"""The backend keeps the contract: the conformance kit's suite, on the emulator of `lazyjobs_aws.conformance`."""

from lazyjobs_aws.conformance import AwsHarness
from lazyjobs_testkit import conformance_suite

TestAws = conformance_suite(AwsHarness)
