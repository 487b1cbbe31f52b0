"""The disk fails at each call in turn: once, or until further notice, or in the middle of a write.

The error says which file; nothing acknowledged is lost; and when the cause is gone the same process goes on with the
same handle.
"""

import errno
from collections.abc import Sequence

import pytest
from msgspec import Struct

from lazyjobs import InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import ChildProcess, Site, Target
from torture.checking import asking, assert_named, check_all, check_life, try_to_open
from torture.conftest import OpenSite, Tell
from torture.disk import ALWAYS, CHANGES, Disk, Kind
from torture.harness import FullHarness, file_of
from torture.targets import PRUNED, all_targets

TARGETS = all_targets()
_KINDS = (Kind.READ, *CHANGES)
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


@pytest.mark.parametrize("failing", FAILINGS, ids=str)
@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_a_disk_that_fails_at_any_call_loses_nothing(
    target: Target,
    failing: Failing,
    open_site: OpenSite,
    disk: Disk,
    tell: Tell,
) -> None:
    site = open_site(FullHarness)
    if target.name == "prune":
        site.terms = PRUNED
    failed = raised = 0
    with site.fork() as child:
        child.open(site.namespace)
        for number in range(200):
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
        with site.reopened() as ask:
            check_life(site, ask, "reopened in the end")
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
def test_an_opening_on_a_disk_that_fails_says_so_and_succeeds_afterwards(
    failing: Failing, open_site: OpenSite, disk: Disk, tell: Tell
) -> None:
    failed = 0
    for number in range(200):
        site = open_site(FullHarness, new=True)
        with site.fork() as child:
            with disk.failing(failing.error, _KINDS, first=number, count=failing.count, torn=failing.torn):
                answer = try_to_open(site, child)
            if not disk.acted:
                break
            failed += 1
            what = f"first opening: {failing} at call {number + 1}: {disk.calls[number]}"
            assert_named(answer, file_of(site.namespace), what)
            child.open(site.namespace)
            check_life(site, asking(site, child), what)
    tell(failures=failed)
