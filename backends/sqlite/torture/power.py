"""Cutting the power at many moments of what was recorded once."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lazyjobs import ListOptions, Record
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import FINISHED, KILLED, Asking, ChildProcess, Site
from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.history import Operation
from torture.checking import check_all
from torture.disk import Disk, Entry, Event, Found, Loss, Platter, read_log
from torture.harness import file_of

_NEVER = 2**63


class Recording(Struct, frozen=True, kw_only=True):
    """What was asked of the backend, and what that asked of the disk."""

    operations: Sequence[Operation]
    entries: Sequence[Entry]
    directory: Path
    terms: m.Terms
    records: Sequence[Record] = ()
    """What the file held before."""
    files: Sequence[Found] = ()

    @property
    def concurrent(self) -> bool:
        """Whether several called at the same time."""
        calls = sorted(self.operations, key=lambda operation: operation.called)
        return any(after.called < before.returned for before, after in pairwise(calls))

    def cuts(self, choices: random.Random, most: int | None) -> Iterator["Cut"]:
        """The power is cut after each entry, or after so many of them, with every loss."""
        places = range(len(self.entries))
        chosen = set(places if most is None or most >= len(places) else choices.sample(places, most))
        platter = Platter(self.directory, self.files)
        for place, entry in enumerate(self.entries):
            platter.add(entry)
            if place in chosen:
                for loss in Loss if platter.unsynced else (Loss.ALL,):
                    yield Cut(recording=self, place=place, loss=loss, files=platter.cut(loss, choices))

    def until(self, place: int) -> Iterator[Operation]:
        """The calls made until the entry after that one; those not answered by then never were."""
        following = self.entries[place + 1 : place + 2]
        end = following[0].time if following else _NEVER
        for operation in self.operations:
            if operation.called < end:
                yield operation if operation.returned < end else replace(operation, answer=KILLED)


class Cut(Struct, frozen=True, kw_only=True):
    """What a power cut at one moment leaves."""

    recording: Recording
    place: int
    loss: Loss
    files: dict[str, bytes]

    def __str__(self) -> str:
        entries = self.recording.entries
        entry = entries[self.place]
        event = Event(entry.event).name.lower().replace("_", " ")
        return (
            f"the power was cut after event {self.place + 1} of {len(entries)} ({event} {Path(entry.path).name}); "
            f"of what was not synced, {self.loss}"
        )

    def check(self, harness: Harness, namespace: str, witness: ChildProcess) -> None:
        """Fails if the backend does not find what it had acknowledged."""
        directory = file_of(namespace).parent
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for name, content in self.files.items():
            (directory / name).parent.mkdir(exist_ok=True)
            (directory / name).write_bytes(content)
        site = Site(harness, namespace, witness=witness)
        site.terms = self.recording.terms
        site.begin_with(self.recording.records)
        for operation in self.recording.until(self.place):
            site.note(operation)
        with site.reopened() as ask:
            if not self.recording.concurrent:
                _check_pruned(site, ask, self)
            check_all(site, ask, self)


def record(site: Site, disk: Disk, log: Path, load: Callable[[], None]) -> Recording:
    """What is noted while the load runs, and what is written to the disk meanwhile."""
    directory = file_of(site.namespace).parent
    files, records = Found.all(directory), site.records
    with disk.remembering(log):
        load()
    return Recording(
        operations=site.operations,
        entries=read_log(log),
        directory=directory,
        terms=site.terms,
        records=records,
        files=files,
    )


def _check_pruned(site: Site, ask: Asking, occasion: object) -> None:
    """What an acknowledged prune deleted does not come back. Only where one call came after the other."""
    prunes = [each.began for each in site.operations if isinstance(each.answer, m.Number)]
    if prunes:
        answer = ask(m.ListRecords(ListOptions(limit=None)))
        assert isinstance(answer, m.Many), f"{occasion}\nlist answered {answer}"
        back = [each.id for each in answer.records if each.state in FINISHED and each.updated_at < max(prunes)]
        assert not back, f"{occasion}\nlost: the records {back} had been pruned, and are there again"
