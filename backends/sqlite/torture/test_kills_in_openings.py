"""A process is killed at every place of an opening, and of a closing."""

import random

from lazyjobs import InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import ChildProcess, Site
from torture.checking import check_all, check_life
from torture.conftest import OpenSite, Tell
from torture.disk import Disk
from torture.harness import TellingHarness
from torture.killing import Killing, Place

_INSERT = m.Insert(InsertParams(kind="kit.crash"))


def test_a_kill_in_the_first_opening_leaves_a_file_that_can_be_opened(
    open_site: OpenSite, disk: Disk, choices: random.Random, tell: Tell
) -> None:
    killing = Killing(disk)
    with open_site(TellingHarness) as site, site.fork() as child:
        killing.count(lambda: child.open(site.namespace))
    kills = 0
    for place in killing.places(choices):
        with open_site(TellingHarness) as site:
            _open_and_die(site, killing, place)
            kills += 1
            with site.reopened() as ask:
                check_life(site, ask, place)
    tell(kills=kills)


def test_a_kill_in_the_opening_of_a_file_that_others_were_killed_with_loses_nothing(
    open_site: OpenSite, disk: Disk, choices: random.Random, tell: Tell
) -> None:
    killing, site = Killing(disk), open_site(TellingHarness)
    _insert_and_die(site)
    with site.fork() as child:
        killing.count(lambda: child.open(site.namespace))
    kills = 0
    for place in killing.places(choices):
        _insert_and_die(site)
        _open_and_die(site, killing, place)
        kills += 1
        with site.reopened() as ask:
            check_all(site, ask, place)
    tell(kills=kills)


def test_a_kill_in_a_closing_loses_nothing(open_site: OpenSite, disk: Disk, choices: random.Random, tell: Tell) -> None:
    killing = Killing(disk)
    with open_site(TellingHarness) as site, site.fork() as child:
        _insert(site, child)
        killing.count(child.close)
    kills = 0
    for place in killing.places(choices):
        with open_site(TellingHarness) as site:
            with site.fork() as child:
                _insert(site, child)
                assert killing.at(place, child.close), f"never came to: {place}"
            kills += 1
            with site.reopened() as ask:
                check_all(site, ask, place)
    tell(kills=kills)


def _insert(site: Site, child: ChildProcess) -> None:
    child.open(site.namespace)
    for _ in range(3):
        site.note(child.ask(_INSERT))


def _insert_and_die(site: Site) -> None:
    with site.fork() as child:
        _insert(site, child)


def _open_and_die(site: Site, killing: Killing, place: Place) -> None:
    with site.fork() as child:
        assert killing.at(place, lambda: child.open(site.namespace)), f"never came to: {place}"
