"""A process is killed at every place of an opening, of a migration, and of a closing."""

import random

from lazyjobs import InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import ChildProcess, Site
from torture.checking import check_all, check_life
from torture.conftest import OpenSite, Tell
from torture.disk import Disk
from torture.harness import TellingHarness, file_of, make_old_file
from torture.killing import Killing, Place

_STRIDE = 5
_INSERT = m.Insert(InsertParams(kind="kit.crash"))


def test_a_kill_in_the_first_opening_leaves_a_file_that_can_be_opened(
    open_site: OpenSite, disk: Disk, choices: random.Random, long: bool, tell: Tell
) -> None:
    killing = Killing(disk)
    for place in killing.places(choices, 1 if long else _STRIDE):
        site = open_site(TellingHarness, new=True)
        _open_and_die(site, killing, place)
        with site.reopened() as ask:
            check_life(site, ask, f"first opening: {killing}")
    assert killing.kills
    tell(kills=killing.kills)


def test_a_kill_in_the_opening_of_a_file_that_others_were_killed_with_loses_nothing(
    open_site: OpenSite, disk: Disk, choices: random.Random, long: bool, tell: Tell
) -> None:
    killing = Killing(disk)
    for place in killing.places(choices, 1 if long else _STRIDE):
        site = open_site(TellingHarness)
        with site.fork() as child:
            _insert(site, child)
        _open_and_die(site, killing, place)
        with site.reopened() as ask:
            check_all(site, ask, f"opening: {killing}")
    assert killing.kills
    tell(kills=killing.kills)


def test_a_kill_in_the_migration_of_an_old_file_loses_nothing(
    open_site: OpenSite, disk: Disk, choices: random.Random, long: bool, tell: Tell
) -> None:
    killing = Killing(disk)
    for place in killing.places(choices, 1 if long else _STRIDE):
        site = open_site(TellingHarness, new=True)
        site.begin_with(make_old_file(file_of(site.namespace)))
        _open_and_die(site, killing, place)
        with site.reopened() as ask:
            check_all(site, ask, f"migration: {killing}")
    assert killing.kills
    tell(kills=killing.kills)


def test_a_kill_in_a_closing_loses_nothing(open_site: OpenSite, disk: Disk, choices: random.Random, tell: Tell) -> None:
    killing = Killing(disk)
    for place in killing.places(choices, 1):
        site = open_site(TellingHarness)
        with site.fork() as child:
            _insert(site, child)
            killing.at(place, child.close)
        with site.reopened() as ask:
            check_all(site, ask, f"closing: {killing}")
    assert killing.kills
    tell(kills=killing.kills)


def _insert(site: Site, child: ChildProcess) -> None:
    child.open(site.namespace)
    for _ in range(3):
        site.note(child.ask(_INSERT))


def _open_and_die(site: Site, killing: Killing, place: Place) -> None:
    with site.fork() as child:
        killing.at(place, lambda: child.open(site.namespace))
