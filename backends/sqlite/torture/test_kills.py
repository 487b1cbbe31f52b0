"""A process is killed before every statement of every method, and before every change that it makes to a file.

What it had acknowledged must be there, what it had not is there whole or not at all, nothing is there twice, and
everything ends.
"""

import random
from functools import partial

import pytest

from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import ChildProcess, Target
from lazyjobs_testkit.history import Operation
from torture.checking import asking, check_all
from torture.conftest import OpenSite, Tell
from torture.disk import Disk
from torture.harness import TellingHarness
from torture.killing import Killing, Place
from torture.targets import PRUNED, all_targets

TARGETS = all_targets()
_SOME = 8


@pytest.mark.parametrize("bystander", [False, True], ids=["alone", "beside another process"])
@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_a_kill_anywhere_in_a_call_loses_nothing(
    target: Target,
    bystander: bool,
    open_site: OpenSite,
    disk: Disk,
    choices: random.Random,
    long: bool,
    tell: Tell,
) -> None:
    site = open_site(TellingHarness)
    if target.name == "prune":
        site.terms = PRUNED
    killing = Killing(disk)
    site.crash(target, partial(_count, killing))
    kills = 0
    with site.fork() as other:
        other.open(site.namespace)
        for place in killing.places(choices, None if long or not bystander else _SOME):
            if not bystander:
                other.close()
            site.crash(target, partial(_kill, killing, place))
            kills += 1
            if not bystander:
                other.open(site.namespace)
            check_all(site, asking(site, other), f"{target.name}: {place}")
    tell(kills=kills)


def _count(killing: Killing, child: ChildProcess, request: m.Request) -> Operation:
    operations: list[Operation] = []
    killing.count(lambda: operations.append(child.ask(request)))
    return operations[0]


def _kill(killing: Killing, place: Place, child: ChildProcess, request: m.Request) -> Operation:
    operations: list[Operation] = []
    assert killing.at(place, lambda: operations.append(child.ask_and_die(request))), f"never came to: {place}"
    return operations[0]
