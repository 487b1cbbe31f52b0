"""A process is killed before every statement of every method, and before every change that it makes to a file.

What it had acknowledged must be there, what it had not is there whole or not at all, nothing is there twice, and
everything ends.
"""

import random
from functools import partial

import pytest

from lazyjobs_testkit import model as m
from lazyjobs_testkit.areas.durability._aftermath import assert_one_commit
from lazyjobs_testkit.crash import Asking, ChildProcess, Site, Target
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.suite._kills import assert_allowed
from torture.checking import asking, check_all
from torture.conftest import OpenSite, Tell
from torture.disk import CHANGES, Disk
from torture.harness import TellingHarness, TellingNormalHarness
from torture.killing import Killing, Place
from torture.targets import CHECKPOINT, PRUNED, all_targets

TARGETS = all_targets()
_STRIDE = 4
_LONG_STRIDE = 10

each_target = pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])


def test_one_of_the_calls_comes_to_a_checkpoint(open_site: OpenSite, disk: Disk) -> None:
    site = open_site(TellingHarness)

    def count(child: ChildProcess, request: m.Request) -> Operation:
        with disk.counting(CHANGES):
            return child.ask(request)

    site.crash(CHECKPOINT, count)
    assert {"write jobs.db", "sync jobs.db"} <= set(disk.calls)


@each_target
@pytest.mark.parametrize("harness", [TellingHarness, TellingNormalHarness], ids=["full", "normal"])
def test_a_kill_anywhere_in_a_call_loses_nothing(
    harness: type[TellingHarness],
    target: Target,
    open_site: OpenSite,
    disk: Disk,
    choices: random.Random,
    long: bool,
    tell: Tell,
) -> None:
    killing = Killing(disk)
    for place in killing.places(choices, 1 if long else _STRIDE):
        site = _open(open_site, harness, target)
        site.crash(target, partial(_kill, killing, place))
        with site.reopened() as ask:
            _check(site, ask, f"{target.name}: {killing}")
    assert killing.kills
    tell(kills=killing.kills)


@each_target
def test_a_kill_in_a_call_loses_nothing_of_what_another_process_sees(
    target: Target, open_site: OpenSite, disk: Disk, choices: random.Random, long: bool, tell: Tell
) -> None:
    killing = Killing(disk)
    for place in killing.places(choices, 1 if long else _LONG_STRIDE):
        site = _open(open_site, TellingHarness, target)
        with site.fork() as bystander:
            bystander.open(site.namespace)
            site.crash(target, partial(_kill, killing, place))
            _check(site, asking(site, bystander), f"beside another process: {target.name}: {killing}")
    assert killing.kills
    tell(kills=killing.kills)


def _open(open_site: OpenSite, harness: type[TellingHarness], target: Target) -> Site:
    site = open_site(harness)
    if target.name == "prune":
        site.terms = PRUNED
    return site


def _kill(killing: Killing, place: Place, child: ChildProcess, request: m.Request) -> Operation:
    operations: list[Operation] = []
    killing.at(place, lambda: operations.append(child.ask_and_die(request)))
    return operations[0]


def _check(site: Site, ask: Asking, occasion: str) -> None:
    """A finish and a claim that share a commit were both done or neither; and all that must hold at any rate."""
    survey = site.survey(ask)
    assert_allowed(survey, occasion)
    assert_one_commit(site, survey, occasion)
    check_all(site, ask, occasion)
