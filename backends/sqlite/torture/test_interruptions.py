"""A thread is interrupted at any instant of a call, as Ctrl-C does it."""

import random
import re
import subprocess
import sys

import pytest

from lazyjobs_testkit.harness import child_environment
from torture.conftest import OpenSite, Tell
from torture.harness import FullHarness


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_an_interruption_of_one_thread_neither_loses_what_others_wrote_nor_stops_them(
    durability: str, open_site: OpenSite, choices: random.Random, long: bool, tell: Tell
) -> None:
    site, seconds = open_site(FullHarness), 30 if long else 4
    seed = choices.randrange(10_000)
    command = [sys.executable, "-m", "torture.interrupted", site.namespace, str(seconds), str(seed), durability]
    ran = subprocess.run(
        command, env=child_environment(), capture_output=True, text=True, timeout=seconds + 60, check=False
    )
    told = re.fullmatch(r"(\d+) interruptions, 0 stuck, 0 lost\n", ran.stdout)
    assert told is not None, ran.stdout + ran.stderr
    tell(interruptions=int(told[1]))
