"""What is measured, against whom, and what is aimed at."""

import sys
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from benchmarks._numbers import show
from benchmarks.sqlite._backlog import Depth, measure_depth
from benchmarks.sqlite._contender import Durability
from benchmarks.sqlite._disk import MODEL_1MS, MODEL_200US, REAL, Disk
from benchmarks.sqlite._latency import Latency, measure_latency
from benchmarks.sqlite._lines import Aim, Line, compare, judge
from benchmarks.sqlite._sharing import Sharing, measure_sharing
from benchmarks.sqlite._throughput import Throughput, calibrate, measure_throughput


class Run(Struct, frozen=True):
    """How much is measured."""

    rounds: int
    seconds: float
    """How long one measurement of throughput takes; of sharing, three times as long."""
    samples: int
    records: int
    real: bool
    """Whether syncs go to the real disk."""

    def disk(self, model: Disk) -> Disk:
        """The disk in place of the model."""
        return REAL if self.real else model


Row = Callable[[Run], Iterator[Line]]


class ThroughputRow(Struct, frozen=True):
    """Jobs per second of lazyjobs and of each contender with an aim, in turn, round after round."""

    title: str
    disk: Disk
    durability: Durability
    threads: int
    """Producers, and workers."""
    aims: Mapping[str, Aim | None]

    def __call__(self, run: Run) -> Iterator[Line]:
        disk = run.disk(self.disk)
        title = f"{self.title}, {disk.name}"
        orders = [calibrate(self._order(name), disk, run.seconds) for name in ("lazyjobs", *self.aims)]
        rates: dict[str, list[float]] = {order.contender: [] for order in orders}
        for _ in range(run.rounds):
            for order in orders:
                figures = measure_throughput(order, disk)
                rates[order.contender].append(figures["rate"])
                if figures["refused"]:
                    sys.stderr.write(f"{order.contender}: {figures['refused']:.0f} enqueues met a locked database\n")
        for name, aim in self.aims.items():
            yield compare(title, name, rates["lazyjobs"], rates[name], "jobs/s", aim)

    def _order(self, contender: str) -> Throughput:
        return Throughput(contender, self.durability, self.threads, self.threads, 0)


PEERS = ("huey", "persist-queue", "litequeue", "django-tasks-db")
GROUPED: Mapping[str, Aim | None] = {"raw-group-fused": Aim(least=0.85)}
ONE_WORKER: Mapping[str, Aim | None] = {
    "raw-group-fused": None,
    "huey": Aim(least=1),
    "persist-queue": Aim(least=1.4),
    "litequeue": Aim(least=1.4),
    "django-tasks-db": Aim(least=6),
}
KEEPING: Mapping[str, Aim | None] = {
    "huey": None,  # it keeps nothing, and is at OFF
    "persist-queue": Aim(least=2.4),
    "litequeue": Aim(least=2.4),
    "django-tasks-db": Aim(least=2.4),
}


def measure_within(run: Run) -> Iterator[Line]:
    """Latency in one process, beside what can be had by hand and by the peer that waits instead of polling."""
    disk = run.disk(MODEL_200US)
    names = ("lazyjobs", "raw-group-fused", "persist-queue")
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(run.rounds):
        for name in names:
            taken[name].append(measure_latency(Latency(name, run.samples), disk)["p50"] / 1000)
    title = f"enqueue to start, p50, {disk.name}"
    yield judge(title, "", taken["lazyjobs"], "ms", Aim(most=1.5))
    for name in names[1:]:
        yield compare(title, name, taken["lazyjobs"], taken[name], "ms", None)


def measure_across(run: Run) -> Iterator[Line]:
    """Latency from one process to another."""
    disk = run.disk(MODEL_200US)
    order = Latency("lazyjobs", run.samples, across=True)
    taken = [measure_latency(order, disk)["p50"] / 1000 for _ in range(run.rounds)]
    yield judge(f"enqueue to start across processes, p50, {disk.name}", "", taken, "ms", Aim(most=5))


def measure_processes(run: Run) -> Iterator[Line]:
    """Four processes on one file."""
    disk = run.disk(MODEL_1MS)
    rounds = [measure_sharing(Sharing(4, 3 * run.seconds), disk) for _ in range(run.rounds)]
    title = f"four processes at FULL, {disk.name}"
    for figure, text, unit, aim in (
        ("errors", "lock errors", "", Aim(most=0)),
        ("p99", "p99 of a call", "ms", Aim(most=25)),
        ("evenness", "least served / most served", "", Aim(least=0.85)),
        ("rate", "calls", "per s", None),
        ("longest", "longest call", "ms", None),
    ):
        yield judge(f"{title}: {text}", "", [figures[figure] for figures in rounds], unit, aim)


def measure_deep(run: Run) -> Iterator[Line]:
    """Claims and stats over a deep backlog; one file serves all rounds, since it takes long to fill."""
    figures = measure_depth(Depth(run.records, run.rounds * 5))
    title = f"claims, {run.records:,} waiting and finished"
    deep, shallow = f"{show(figures['deep'])} /s", f"{show(figures['shallow'])} /s"
    aim = Aim(least=0.9)
    ratio = figures["ratio"]
    yield Line(title, "the same at 1,000", deep, shallow, f"{ratio:.2f}", str(aim), aim.is_met_by(ratio))
    yield judge(f"stats, {2 * run.records:,} records", "", [figures["stats"]], "ms", Aim(most=1))


def _full(threads: int, disk: Disk, aims: Mapping[str, Aim | None]) -> ThroughputRow:
    return ThroughputRow(f"FULL {threads} → {threads}", disk, "full", threads, aims)


def _normal(threads: int, raw: float) -> ThroughputRow:
    aims = {"raw-lock-fused": Aim(least=raw), **KEEPING}
    return ThroughputRow(f"NORMAL {threads} → {threads}", MODEL_200US, "normal", threads, aims)


def _every_peer(least: float) -> Mapping[str, Aim | None]:
    return {**GROUPED, **dict.fromkeys(PEERS, Aim(least=least))}


ROWS: Mapping[str, Row] = {
    "full-4-1ms": _full(4, MODEL_1MS, _every_peer(3)),
    "full-4-200us": _full(4, MODEL_200US, _every_peer(2.5)),
    "full-1-1ms": _full(1, MODEL_1MS, ONE_WORKER),
    "full-1-200us": _full(1, MODEL_200US, ONE_WORKER),
    "normal-1": _normal(1, 0.75),
    "normal-4": _normal(4, 0.7),
    "latency": measure_within,
    "across": measure_across,
    "processes": measure_processes,
    "depth": measure_deep,
}
"""Each by the name that `--only` takes, or the beginning of it."""

SAME_ON_REAL = ("full-4-200us", "full-1-200us")
"""Rows that would only repeat another where the disk is the real one."""
