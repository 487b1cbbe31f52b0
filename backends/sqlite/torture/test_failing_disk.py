"""The disk fails at each call in turn: once, or until further notice, or in the middle of a write.

The error says which file; nothing acknowledged is lost; and when the cause is gone the same process goes on with the
same handle.
"""

import errno
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import Struct

from lazyjobs import InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import ChildProcess, Site, Target
from torture.checking import asking, assert_named, check_all, check_life, try_to_open
from torture.conftest import OpenSite, Tell
from torture.crowds import crowds
from torture.disk import ALWAYS, CHANGES, Disk, Kind
from torture.harness import FullHarness, NormalHarness, file_of, make_old_file
from torture.targets import PRUNED, all_targets

TARGETS = all_targets()
_KINDS = (Kind.READ, Kind.LOCK, *CHANGES)
_STRIDE = 5
_LONG_STRIDE = 8
_MOMENT = 0.02
_INSERT = m.Insert(InsertParams(kind="kit.crash", queue="another"))


class Failing(Struct, frozen=True, kw_only=True):
    """How a disk fails."""

    error: int
    lasting: bool = False
    torn: bool = False

    def __str__(self) -> str:
        words = [errno.errorcode[self.error], *(["from then on"] if self.lasting else [])]
        return " ".join([*words, *(["after half a write"] if self.torn else [])])

    @property
    def count(self) -> int:
        return ALWAYS if self.lasting else 2 if self.torn else 1


FAILINGS = [
    Failing(error=error, lasting=lasting, torn=torn)
    for error in (errno.EIO, errno.ENOSPC)
    for lasting, torn in ((False, False), (True, False), (True, True))
]


CASES = [
    *((FullHarness, failing) for failing in FAILINGS),
    *((NormalHarness, failing) for failing in FAILINGS if failing.lasting and not failing.torn),
]


@pytest.mark.parametrize(("harness", "failing"), CASES, ids=[f"{harness.name}-{failing}" for harness, failing in CASES])
@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_a_disk_that_fails_at_any_call_loses_nothing(
    target: Target,
    harness: type[FullHarness],
    failing: Failing,
    open_site: OpenSite,
    disk: Disk,
    choices: random.Random,
    long: bool,
    tell: Tell,
) -> None:
    site = open_site(harness)
    if target.name == "prune":
        site.terms = PRUNED
    stride, number = 1 if long else _STRIDE, 0
    failed = raised = 0
    with site.fork() as child:
        child.open(site.namespace)
        while True:
            request = target.prepare(site.prelude(asking(site, child)))
            answers = _ask_amid(site, child, request, disk, failing, number)
            if not disk.acted:
                break
            failed += 1
            raised += sum(isinstance(answer, m.Unknown) for answer in answers)
            what = f"{target.name}: {failing} at call {number + 1}: {disk.calls[number]}"
            for answer in answers:
                assert_named(answer, file_of(site.namespace), what)
            check_all(site, asking(site, child), what, errors_allowed=True)
            number += choices.randint(1, 2 * stride - 1)
        with site.reopened() as ask:
            check_life(site, ask, "reopened in the end")
    assert failed, "no call to the disk"
    tell(failures=failed, errors=raised)


def _ask_amid(
    site: Site, child: ChildProcess, request: m.Request, disk: Disk, failing: Failing, number: int
) -> Sequence[m.Answer]:
    """Makes the call while the disk fails at that place, and another insert if it fails on."""
    with disk.failing(failing.error, _KINDS, first=number, count=failing.count, torn=failing.torn):
        answers = [site.note(child.ask(request))]
        if failing.lasting and disk.acted:
            answers.append(site.note(child.ask(_INSERT)))
    return answers


@pytest.mark.parametrize("failing", FAILINGS, ids=str)
@pytest.mark.parametrize("old", [False, True], ids=["a new file", "an old file"])
def test_an_opening_on_a_disk_that_fails_says_so_and_succeeds_afterwards(
    old: bool, failing: Failing, open_site: OpenSite, disk: Disk, choices: random.Random, long: bool, tell: Tell
) -> None:
    stride, number = 1 if long else _LONG_STRIDE, 0
    failed = 0
    while True:
        site = open_site(FullHarness, new=True)
        if old:
            site.begin_with(make_old_file(file_of(site.namespace)))
        with site.fork() as child:
            with disk.failing(failing.error, _KINDS, first=number, count=failing.count, torn=failing.torn):
                answer = try_to_open(site, child)
            if not disk.acted:
                break
            failed += 1
            what = f"opening: {failing} at call {number + 1}: {disk.calls[number]}"
            assert_named(answer, file_of(site.namespace), what)
            child.open(site.namespace)
            check_life(site, asking(site, child), what)
        number += choices.randint(1, 2 * stride - 1)
    tell(failures=failed)


@pytest.mark.parametrize("failing", FAILINGS, ids=str)
def test_a_closing_on_a_disk_that_fails_loses_nothing(
    failing: Failing, open_site: OpenSite, disk: Disk, tell: Tell
) -> None:
    number = 0
    while True:
        site = open_site(FullHarness)
        with site.fork() as child:
            child.open(site.namespace)
            site.note(child.ask(_INSERT))
            with disk.failing(failing.error, _KINDS, first=number, count=failing.count, torn=failing.torn):
                child.close()
            if not disk.acted:
                break
            with site.reopened() as ask:
                check_all(site, ask, f"closing: {failing} at call {number + 1}: {disk.calls[number]}")
        number += 1
    tell(failures=number)


def test_a_disk_that_fails_now_and_then_amid_the_work_of_many_threads_loses_nothing(
    open_site: OpenSite, disk: Disk, choices: random.Random, long: bool, tell: Tell, tmp_path: Path
) -> None:
    calls = failures = 0
    for number in range(30 if long else 3):
        site = open_site(FullHarness)
        site.terms = PRUNED
        with crowds(site, choices, tmp_path / str(number), processes=2, threads=4) as crowd:
            for _ in range(8):
                failures += _fail_for_a_moment(disk, choices)
                time.sleep(choices.uniform(0, _MOMENT))
            for each in crowd:
                each.end()
        for operation in site.operations:
            assert_named(operation.answer, file_of(site.namespace), f"crowd {number + 1}: {operation.request}")
        calls += len(site.operations)
        with site.reopened() as ask:
            what = f"crowd {number + 1}: two processes of four threads, and a disk that failed now and then"
            check_all(site, ask, what, errors_allowed=True)
    tell(failures=failures, calls=calls)


def _fail_for_a_moment(disk: Disk, choices: random.Random) -> int:
    error, count = choices.choice((errno.EIO, errno.ENOSPC)), choices.choice((1, 3, ALWAYS))
    with disk.failing(error, _KINDS, first=choices.randrange(100), count=count, torn=choices.random() < 0.5):
        time.sleep(choices.uniform(0, _MOMENT))
    return disk.acted
