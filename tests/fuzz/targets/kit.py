"""Files that the kit reads: each is a history or a report, or refused, and never judged without being one."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic_ns

import msgspec

from lazyjobs import ClaimParams, CompleteParams, InsertParams, ListOptions
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import model as m
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.history import History, HistoryFileError, Operation, replay, save
from lazyjobs_testkit.report import BaselineError, Run, Selection, Subject, make_report, read_report
from tests.fuzz.mutation import mutate
from tests.fuzz.targets.target import Target


@contextmanager
def target(directory: Path) -> Iterator[Target]:
    """`replay` and `--baseline`."""
    file = directory / "given.json"
    corpus = (_make_history(file), _make_report())

    def make(chance: random.Random) -> bytes:
        return mutate(chance, corpus)

    def give(content: bytes) -> None:
        file.write_bytes(content)
        with suppress(HistoryFileError):
            assert all(each.isprintable() or each == "\n" for each in replay(file).text)
        with suppress(BaselineError):
            read_report(file)

    yield Target(make, give)


def _make_history(file: Path) -> bytes:
    backend = MemoryBackend()
    requests: list[m.Request] = [
        m.Insert(InsertParams(kind="a", payload=b'{"n": 1}')),
        m.Insert(InsertParams(kind="b")),
        m.Claim(ClaimParams()),
        m.Complete(CompleteParams(id=1, attempt=1)),
        m.Complete(CompleteParams(id=1, attempt=2)),
        m.ListRecords(ListOptions(limit=None)),
        m.CountRecords(),
    ]
    save(History(operations=tuple(_ask(backend, request) for request in requests)), file, {"backend": "memory"})
    return file.read_bytes()


def _ask(backend: MemoryBackend, request: m.Request) -> Operation:
    called, began = monotonic_ns(), datetime.now(UTC)
    answer = m.ask(backend, request)
    return Operation(
        caller="a",
        handle="backend",
        request=request,
        answer=answer,
        called=called,
        returned=monotonic_ns(),
        began=began,
        ended=datetime.now(UTC),
    )


def _make_report() -> bytes:
    run = Run(seed=1, thorough=False, started=datetime.now(UTC), seconds=1.0, rules=MANIFEST, tested=[])
    return msgspec.json.encode(
        make_report(run, Selection(suite="s", subject=Subject(name="mine"), tests={}, reproduce=""), [])
    )
