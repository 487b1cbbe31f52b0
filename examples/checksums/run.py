"""One run: enqueues a job for each file while workers already run, waits for the last, and gathers what came of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from examples.checksums.jobs import Checksum
from examples.checksums.manifest import collect_lines, publish
from examples.checksums.slowest import Attempt, watch_log
from examples.checksums.tree import find_files
from lazyjobs import JobRunner, ListOptions, State

UNFINISHED = (State.PENDING, State.RUNNING, State.RETRYING)
PAUSE = 0.1
"""Seconds between two looks at the stats, at least; and at least five times as long as a look takes."""

Show = Callable[[int, int, bool], None]
"""Takes how many files are done, how many were found, and whether these are all."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A file, or a directory, that could not be read."""

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run came to."""

    found: int
    listed: int
    """How many of them are in the manifest."""
    seconds: float
    states: Mapping[State, int]
    """What the backend counts in the queue, records of earlier runs included."""
    slowest: Sequence[tuple[Path, Attempt]]
    failures: Sequence[Failure]


@dataclass
class Run:
    """The run of one directory on one runner, which starts here and is stopped and closed at the end."""

    runner: JobRunner
    directory: Path
    manifest: Path
    show: Show
    files: Sequence[Path] | None = None
    """Those to read; None is all that are found below the directory."""
    _names: dict[int, Path] = field(default_factory=dict)
    """What was enqueued, by the ids of the records."""
    _unlisted: list[Failure] = field(default_factory=list)
    _next_look: float = 0.0

    def execute(self) -> Result:
        """Runs all of it; raises a `BackendError`, and OSError if the manifest cannot be written."""
        started_at = monotonic()
        with collect_lines(self.manifest) as lines, watch_log() as slowest, self.runner:
            for name in self._find_names(lines):
                self._enqueue(name, lines)
            self._wait()
            seconds = monotonic() - started_at
            self.runner.stop()  # so that the outcome of every job has been logged
            return Result(
                found=len(self._names),
                listed=publish(lines, self.manifest),
                seconds=seconds,
                states=self._states(),
                slowest=[(self._names[each.job_id], each) for each in slowest.attempts() if each.job_id in self._names],
                failures=[*self._unlisted, *self._discarded()],
            )

    def _find_names(self, lines: Path) -> Iterator[Path]:
        paths: Iterable[Path] | None = self.files
        if paths is None:
            paths = find_files(self.directory, besides={self.manifest, lines}, on_error=self._note_unlisted)
        for path in paths:
            yield path.relative_to(self.directory)

    def _note_unlisted(self, folder: Path, error: OSError) -> None:
        reason = f"{type(error).__name__}: {error}"
        self._unlisted.append(Failure(path=folder.relative_to(self.directory), reason=reason))

    def _enqueue(self, name: Path, lines: Path) -> None:
        record = self.runner.enqueue(Checksum.of(self.directory, name, lines))
        self._names[record.id] = name
        if monotonic() >= self._next_look:
            self._look(complete=False)

    def _wait(self) -> None:
        while self._look(complete=True):
            sleep(max(0.0, self._next_look - monotonic()))

    def _look(self, *, complete: bool) -> int:
        began_at = monotonic()
        states = self._states()
        unfinished = sum(states.get(state, 0) for state in UNFINISHED)
        self.show(max(0, len(self._names) - unfinished), len(self._names), complete)
        ended_at = monotonic()
        self._next_look = ended_at + max(PAUSE, 5 * (ended_at - began_at))
        return unfinished

    def _states(self) -> Mapping[State, int]:
        return self.runner.backend.stats().by_queue_state.get(Checksum.job_queue, {})

    def _discarded(self) -> Iterator[Failure]:
        discarded = ListOptions(limit=None, states=frozenset({State.DISCARDED}))
        for record in sorted(self.runner.backend.list(discarded), key=lambda record: record.id):
            if record.id in self._names:
                yield Failure(path=self._names[record.id], reason=record.last_error)
