"""The power is cut at any moment: what was acknowledged with full durability must be there."""

import random
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from lazyjobs import InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import ChildError, Site, storm
from torture.checking import asking
from torture.conftest import OpenSite, Tell
from torture.crowds import crowds
from torture.disk import Disk, Loss
from torture.harness import FullHarness, NormalHarness, file_of, make_old_file
from torture.power import Recording, record
from torture.targets import METHODS, PRUNED, all_targets

_SECONDS = 0.03
_CALLS = 100
_FEW = 20
_SOME = 40
_MANY = 400

Cutting = Callable[[Site, Callable[[], None]], None]


def test_nothing_acknowledged_is_lost_in_a_power_cut_during_any_call(cutting: Cutting, open_site: OpenSite) -> None:
    site = open_site(FullHarness, new=True)
    cutting(site, lambda: _call_everything(site))


def test_nothing_acknowledged_is_lost_in_a_power_cut_while_others_prune(cutting: Cutting, open_site: OpenSite) -> None:
    site = open_site(FullHarness, new=True)
    site.terms = PRUNED
    cutting(site, lambda: _call_everything(site, prune=True))


def test_no_record_of_an_old_file_is_lost_in_a_power_cut_during_its_migration(
    cutting: Cutting, open_site: OpenSite
) -> None:
    site = open_site(FullHarness, new=True)
    site.begin_with(make_old_file(file_of(site.namespace)))
    cutting(site, lambda: _open_and_insert(site))


def test_nothing_acknowledged_is_lost_in_a_power_cut_amid_four_processes(
    cutting: Cutting, open_site: OpenSite, choices: random.Random
) -> None:
    site = open_site(FullHarness, new=True)
    site.terms = PRUNED
    cutting(site, lambda: storm(site, choices, processes=4, seconds=_SECONDS, methods=METHODS))


def test_nothing_acknowledged_is_lost_in_a_power_cut_amid_many_threads(
    cutting: Cutting, open_site: OpenSite, choices: random.Random, tmp_path: Path
) -> None:
    site = open_site(FullHarness, new=True)
    site.terms = PRUNED

    def load() -> None:
        with crowds(site, choices, tmp_path / "crowds", processes=2, threads=4) as crowd:
            for each in crowd:
                each.await_work(_CALLS)

    cutting(site, load)


@pytest.mark.parametrize("lying", [False, True], ids=["durability normal", "a disk that lies about syncs"])
def test_the_model_finds_what_must_be_lost_and_nothing_else(
    lying: bool, open_site: OpenSite, disk: Disk, log: Path, choices: random.Random, tell: Tell
) -> None:
    site = open_site(FullHarness if lying else NormalHarness, new=True)
    with disk.lying() if lying else nullcontext():
        recording = record(site, disk, log, lambda: _call_everything(site))
    cuts, lost = _cut(recording, open_site(FullHarness), choices, _FEW)
    tell(power_cuts=cuts, lost_as_they_must=len(lost))
    assert Loss.ALL in {loss for loss, error in lost if "lost: " in str(error)}
    assert Loss.NONE not in {loss for loss, _ in lost}
    if not lying:
        assert not [error for _, error in lost if isinstance(error, ChildError)], "the file stays sound at any rate"


@pytest.fixture
def cutting(open_site: OpenSite, disk: Disk, log: Path, choices: random.Random, long: bool, tell: Tell) -> Cutting:
    """Records what is asked of the disk during a load, and fails if a power cut at any moment of it loses anything."""

    def cut(site: Site, load: Callable[[], None]) -> None:
        recording = record(site, disk, log, load)
        cuts, lost = _cut(recording, open_site(FullHarness), choices, _most(recording, long))
        tell(calls=len(recording.operations), events=len(recording.entries), power_cuts=cuts, lost=len(lost))
        assert not lost, lost[0][1]

    return cut


def _most(recording: Recording, long: bool) -> int | None:
    """After how many events to cut: all of them, in the end, unless there are thousands."""
    if not long:
        return _FEW if recording.concurrent else _SOME
    return _MANY if recording.concurrent else None


def _call_everything(site: Site, *, prune: bool = False) -> None:
    """Makes every call, each in a process of its own; half of them close, half stay."""
    with ExitStack() as exits:
        for number, target in enumerate(target for target in all_targets() if prune or target.name != "prune"):
            child = exits.enter_context(site.fork())
            child.open(site.namespace)
            site.note(child.ask(target.prepare(site.prelude(asking(site, child)))))
            if number % 2:
                child.close()


def _open_and_insert(site: Site) -> None:
    with site.fork() as child:
        child.open(site.namespace)
        site.note(child.ask(m.Insert(InsertParams(kind="kit.crash"))))
        child.close()


def _cut(
    recording: Recording, site: Site, choices: random.Random, most: int | None
) -> tuple[int, list[tuple[Loss, AssertionError]]]:
    cuts = 0
    lost: list[tuple[Loss, AssertionError]] = []
    with site.fork() as witness:
        for cut in recording.cuts(choices, most):
            cuts += 1
            try:
                cut.check(FullHarness(), site.namespace, witness)
            except AssertionError as error:
                lost.append((cut.loss, error))
    return cuts, lost
