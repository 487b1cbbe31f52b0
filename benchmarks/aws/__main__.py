"""`python -m benchmarks.aws`: prints what jobs cost, on the emulator at LAZYJOBS_AWS_ENDPOINT."""

import argparse
import os
import tomllib
from pathlib import Path

from benchmarks.aws._meter import Charges
from benchmarks.aws._scenarios import IDLE_SECONDS, LIVES, count_idle, count_life
from lazyjobs_aws.emulator import ENDPOINT, assert_atomic

_HOURS_A_MONTH = 730


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.aws")
    parser.add_argument("--prices", type=Path, default=Path(__file__).with_name("prices.toml"))
    prices: dict[str, float] = tomllib.loads(parser.parse_args().prices.read_text())
    endpoint_url = os.environ[ENDPOINT]
    assert_atomic(endpoint_url)
    print("| a job's life | write units | read units | SQS requests | USD per million |")
    print("| --- | --- | --- | --- | --- |")
    for feed in (False, True):
        for life in LIVES:
            charges = count_life(endpoint_url, life, feed=feed)
            print(f"| {life}{', with feed' if feed else ''} {_tell(charges)} | {1e6 * _price(charges, prices):.2f} |")
    idle = count_idle(endpoint_url)
    hour = 3600 / IDLE_SECONDS
    month = _price(idle, prices) * hour * _HOURS_A_MONTH
    print(
        f"\nAn idle worker's hour: {idle.read_units * hour:.0f} read units and {idle.sqs_requests * hour:.0f} SQS "
        f"requests, in {IDLE_SECONDS} s counted; {month:.2f} USD a month."
    )


def _tell(charges: Charges) -> str:
    return f"| {charges.write_units:.1f} | {charges.read_units:.2f} | {charges.sqs_requests:.2f}"


def _price(charges: Charges, prices: dict[str, float]) -> float:
    return (
        charges.write_units * prices["write_unit"]
        + charges.read_units * prices["read_unit"]
        + charges.sqs_requests * prices["sqs_request"]
    )


if __name__ == "__main__":
    main()
