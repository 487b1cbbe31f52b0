"""The power is cut at any moment: what was acknowledged with full durability must be there."""

import random
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from lazyjobs_testkit.crash import ChildError, Site, storm
from torture.checking import asking
from torture.conftest import OpenSite, Tell
from torture.crowds import crowds
from torture.disk import Disk, Loss
from torture.harness import FullHarness, NormalHarness
from torture.power import Recording, record
from torture.targets import METHODS, PRUNED, all_targets

_SECONDS = 0.03
_EVERY_CALL = "every call"
_PROCESSES = "four processes"
_SOME = 60
_FEW = 20


@pytest.mark.parametrize("load", [_EVERY_CALL, _PROCESSES, "two processes of four threads"])
def test_nothing_acknowledged_is_lost_in_a_power_cut(
    load: str,
    open_site: OpenSite,
    disk: Disk,
    log: Path,
    choices: random.Random,
    long: bool,
    tell: Tell,
) -> None:
    recording = _record(open_site(FullHarness, new=True), disk, log, choices, load)
    cuts, lost = _try(recording, open_site(FullHarness), choices, None if long else _SOME)
    tell(calls=len(recording.operations), events=len(recording.entries), power_cuts=cuts, lost=len(lost))
    assert not lost, lost[0][1]


@pytest.mark.parametrize("lying", [False, True], ids=["durability normal", "a disk that lies about syncs"])
def test_the_model_finds_what_must_be_lost_and_nothing_else(
    lying: bool,
    open_site: OpenSite,
    disk: Disk,
    log: Path,
    choices: random.Random,
    tell: Tell,
) -> None:
    with disk.lying() if lying else nullcontext():
        recording = _record(
            open_site(FullHarness if lying else NormalHarness, new=True), disk, log, choices, _EVERY_CALL
        )
    cuts, lost = _try(recording, open_site(FullHarness), choices, _FEW)
    tell(power_cuts=cuts, lost_as_they_must=len(lost))
    assert {loss for loss, error in lost if "lost: " in str(error)} >= {Loss.ALL, Loss.ANY}
    assert Loss.NONE not in {loss for loss, _ in lost}
    if not lying:
        assert not [error for _, error in lost if isinstance(error, ChildError)], "the file stays sound at any rate"


def _record(site: Site, disk: Disk, log: Path, choices: random.Random, load: str) -> Recording:
    if load != _EVERY_CALL:
        site.terms = PRUNED
    with disk.remembering(log):
        if load == _EVERY_CALL:
            _call_everything(site)
        elif load == _PROCESSES:
            storm(site, choices, processes=4, seconds=_SECONDS, methods=METHODS)
        else:
            with crowds(site, choices, log.with_name("crowds"), processes=2, threads=4):
                time.sleep(_SECONDS)
    return record(site, log)


def _call_everything(site: Site) -> None:
    """Makes every call that keeps its records, each in a process of its own; half of them close, half stay."""
    with ExitStack() as exits:
        for number, target in enumerate(target for target in all_targets() if target.name != "prune"):
            child = exits.enter_context(site.fork())
            child.open(site.namespace)
            site.note(child.ask(target.prepare(site.prelude(asking(site, child)))))
            if number % 2:
                child.close()


def _try(
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
