"""The command `lazyjobs-conformance replay`."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lazyjobs.texts import one_line
from lazyjobs_testkit.history import HistoryFileError, replay

_SECONDS = 300
_UNUSABLE = 4
"""What pytest ends with when something that it was given cannot be used."""


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Ends what takes longer with TimeoutError: a history that somebody made up may take for ever."""

    def give_up(_number: int, _frame: object) -> None:
        raise TimeoutError(f"the history cannot be judged within {seconds} s")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def replay_history(argv: Sequence[str]) -> int:
    """Judges a saved history again and shows the calls in it; the exit status, 1 if the contract does not allow it."""
    parser = argparse.ArgumentParser(
        prog="lazyjobs-conformance replay",
        description="Judges a concurrent history again that a failed rule has saved, and shows the calls that decide. "
        "Nothing is opened or called. Exits with 0 if the history is legal, with 1 if it is not, with 4 if FILE holds "
        "none that can be judged.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the file that the failure names")
    file: Path = parser.parse_args(argv).file
    try:
        with _within(_SECONDS):
            verdict = replay(file)
    except (HistoryFileError, TimeoutError, MemoryError) as error:
        sys.stderr.write(f"{parser.prog}: {one_line(str(error) or f'{file} takes more memory than there is')}\n")
        return _UNUSABLE
    sys.stdout.write(f"{verdict.text}\n")
    return 0 if verdict.legal else 1
