"""The command `lazyjobs-conformance new`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lazyjobs_testkit.skeleton import NameRefusedError, Names, write_skeleton


def begin_backend(argv: Sequence[str]) -> int:
    """Writes the distribution of a new backend into the current directory; the exit status."""
    parser = argparse.ArgumentParser(
        prog="lazyjobs-conformance new",
        description="Begins a backend: writes a distribution lazyjobs-NAME, whose seven methods are still to be "
        "written, into the current directory.",
    )
    parser.add_argument("name", metavar="NAME", help="what the kit calls it, and the scheme of its URLs: my-store")
    name: str = parser.parse_args(argv).name
    try:
        names = Names.choose(name)
        directory = write_skeleton(names, Path())
    except (NameRefusedError, OSError) as error:
        parser.error(f"{error}; nothing was written" if isinstance(error, OSError) else str(error))
    sys.stdout.write(_tell(names, directory))
    return 0


def _tell(names: Names, directory: Path) -> str:
    return (
        f"wrote {directory}/: a backend for {names.name}:// URLs, still to be written\n"
        "next:\n"
        f'  python -m pip install -e "./{directory}[conformance]"\n'
        f"  lazyjobs-conformance {names.name}\n"
        f"then write insert, list and stats in {directory}/src/{names.package}/_backend.py\n"
    )
