"""The power is cut at any moment: what was acknowledged with full durability must be there."""

import random
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from lazyjobs_testkit.crash import ChildError, Site, storm
from torture.conftest import OpenSite
from torture.disk import Disk
from torture.harness import FullHarness, NormalHarness
from torture.power import Recording, record
from torture.targets import all_targets

_SECONDS = 0.03


@pytest.mark.parametrize("load", ["every call", "four processes"])
def test_nothing_acknowledged_is_lost_in_a_power_cut(
    load: str,
    open_site: OpenSite,
    disk: Disk,
    log: Path,
    choices: random.Random,
    long: bool,
    tell: Callable[[str], None],
) -> None:
    recording = _record(open_site(FullHarness), disk, log, choices, load)
    cuts, lost = _try(recording, open_site(FullHarness), choices, None if long else 60)
    tell(f"{len(recording.operations)} calls, {len(recording.entries)} events, {cuts} power cuts, {len(lost)} lost")
    assert not lost, lost[0]


@pytest.mark.parametrize("cause", ["durability normal", "a disk that lies about syncs"])
def test_the_model_catches_a_loss(
    cause: str,
    open_site: OpenSite,
    disk: Disk,
    log: Path,
    choices: random.Random,
    tell: Callable[[str], None],
) -> None:
    lying = cause != "durability normal"
    with disk.lying() if lying else nullcontext():
        recording = _record(open_site(FullHarness if lying else NormalHarness), disk, log, choices, "every call")
    cuts, lost = _try(recording, open_site(FullHarness), choices, 20)
    tell(f"{cuts} power cuts, {len(lost)} lost, as they must")
    print(*[x[:300] for x in lost[:12]], sep="\n---\n")
    assert lost


def _record(site: Site, disk: Disk, log: Path, choices: random.Random, load: str) -> Recording:
    with disk.remembering(log):
        if load == "every call":
            _call_everything(site)
        else:
            storm(site, choices, processes=4, seconds=_SECONDS)
    return record(site, log)


def _call_everything(site: Site) -> None:
    """Makes every call that keeps its records, in one process after another."""
    with ExitStack() as exits:
        for target in all_targets():
            if target.name == "prune":
                continue
            child = exits.enter_context(site.fork())
            child.open(site.namespace)
            site.note(child.ask(target.prepare(site.prelude(lambda request, child=child: site.note(child.ask(request))))))
            if site.operations and len(site.operations) % 2:
                child.close()


def _try(recording: Recording, site: Site, choices: random.Random, most: int | None) -> tuple[int, list[str]]:
    cuts, lost = 0, []
    with site.fork() as witness:
        for cut in recording.cuts(choices, most):
            cuts += 1
            try:
                cut.check(FullHarness(), site.namespace, witness)
            except (AssertionError, ChildError) as error:
                lost.append(str(error))
    return cuts, lost
