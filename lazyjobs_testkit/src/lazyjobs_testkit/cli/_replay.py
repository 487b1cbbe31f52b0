"""The command `lazyjobs-conformance replay`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lazyjobs.texts import one_line, visible


def replay_history(argv: Sequence[str]) -> int:
    """Judges a saved history again and shows the calls in it; the exit status, 1 if the contract does not allow it."""
    # Late: the plugin has its asserts rewritten, which takes that nothing has imported it before.
    from lazyjobs_testkit.history import HistoryFileError, replay

    parser = argparse.ArgumentParser(
        prog="lazyjobs-conformance replay",
        description="Judges a concurrent history again that a failed rule has saved, and shows the calls that decide. "
        "Nothing is opened or called. Exits with 0 if the history is legal, with 1 if it is not.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the file that the failure names")
    try:
        verdict = replay(parser.parse_args(argv).file)
    except HistoryFileError as error:
        parser.error(one_line(str(error)))
    sys.stdout.write(visible(f"{verdict.text}\n", spare="\n"))
    return 0 if verdict.legal else 1
