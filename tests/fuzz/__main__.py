"""Gives bad inputs to every target in turn, until the time is over; ends with 1 if one was answered wrongly.

Each input follows from the seed, the target and a number, so that what was found is repeated by one command.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target

_PATIENCE = 20.0
"""In seconds: what takes longer stands still."""
_SLICE = 0.5
_MOST_FINDINGS = 20


def main() -> int:
    """The exit code."""
    options = _read_options()
    print(f"seed {options.seed}, {options.seconds} s", flush=True)
    names = options.only or list(TARGETS)
    with ExitStack() as exits:
        directory = exits.enter_context(tempfile.TemporaryDirectory(prefix="lazyjobs-fuzz-"))
        targets = {name: exits.enter_context(TARGETS[name](_make(Path(directory, name)))) for name in names}
        if options.number is not None:
            (name,) = names
            return 0 if _try(name, targets[name], options.seed, options.number) else 1
        return _go_on(targets, options.seed, options.seconds)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long; 60 if not given")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--only", action="append", choices=list(TARGETS), help="this target alone")
    parser.add_argument("--number", type=int, help="this input alone, of the one target named")
    options = parser.parse_args()
    if options.number is not None and len(options.only or ()) != 1:
        parser.error("--number takes one --only")
    return options


def _make(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _go_on(targets: dict[str, Target], seed: int, seconds: float) -> int:
    tried: Counter[str] = Counter()
    found = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and found < _MOST_FINDINGS:
        for name, target in targets.items():
            until = min(deadline, time.monotonic() + _SLICE)
            while time.monotonic() < until and found < _MOST_FINDINGS:
                found += not _try(name, target, seed, tried[name])
                tried[name] += 1
    print(", ".join(f"{count} {name}" for name, count in tried.items()), "inputs;", found, "answered wrongly")
    return 1 if found or len(tried) < len(targets) else 0


def _try(name: str, target: Target, seed: int, number: int) -> bool:
    """Whether the input was answered as it should be."""
    chance = random.Random(f"{seed}/{name}/{number}")
    given = target.make(chance)
    try:
        with _within(_PATIENCE):
            target.give(given)
    except Exception:
        print(f"\n{name}: {given!r:.2000}\n{traceback.format_exc()}")
        print(f"repeat: python -m tests.fuzz --seed {seed} --only {name} --number {number}", flush=True)
        return False
    return True


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def give_up(_number: int, _frame: object) -> None:
        raise TimeoutError(f"no answer within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
