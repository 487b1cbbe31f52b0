"""`python -m examples.checksums` writes a manifest of a directory tree's checksums."""

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from rich.console import Console

from examples.checksums.app import runner
from examples.checksums.progress import show_progress
from examples.checksums.report import print_report, printable
from examples.checksums.run import Run
from examples.checksums.tree import UnknownFilesError, list_tracked
from lazyjobs import LazyJobsError

CHECKOUT = Path(__file__).parents[2]
MANIFEST = Path(".demo/checksums.sha256")

SUCCESS, FAILURE, INTERRUPTED = 0, 2, 130
"""Exit codes; files that could not be read are a result, not a failure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example as `arguments` (the process's own by default) ask; returns its exit code."""
    parsed = _parse_arguments(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _run(parsed.directory, parsed.manifest.parent.resolve() / parsed.manifest.name)
    except KeyboardInterrupt:
        return _complain("interrupted; no manifest was written", INTERRUPTED)
    except UnknownFilesError as error:
        return _complain(
            f"cannot tell which files are tracked: {error}; name a directory to take all below it", FAILURE
        )
    except LazyJobsError as error:
        return _complain(str(error), FAILURE)
    except OSError as error:
        return _complain(f"the manifest cannot be written: {error}; choose another one by --manifest", FAILURE)
    return SUCCESS


def _run(chosen: Path | None, manifest: Path) -> None:
    directory, files = (CHECKOUT, list_tracked(CHECKOUT)) if chosen is None else (chosen.resolve(), None)
    console = Console()
    which = "files" if files is None else "files that git tracks"
    storage = type(runner.backend).__name__
    console.out(f"Checksums of the {which} below {printable(directory)}, by {storage}", highlight=False)
    with show_progress(console) as show:
        result = Run(runner, directory, manifest, show, files).execute()
    print_report(console, result, directory, manifest)


def _complain(message: str, code: int) -> int:
    print(f"checksums: {message}", file=sys.stderr)
    return code


def _parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.checksums",
        description="Writes a manifest of the SHA-256 checksums of all files below a directory, one job a file.",
    )
    parser.add_argument(
        "directory", metavar="DIRECTORY", type=_directory, nargs="?", help="if none, what git tracks of this checkout"
    )
    parser.add_argument("--backend", metavar="URL", help="where the jobs are stored, instead of LAZYJOBS_BACKEND")
    parser.add_argument("--workers", metavar="N", type=int, help="how many files are read at once (4)")
    parser.add_argument("--manifest", metavar="FILE", type=Path, default=MANIFEST, help=f"({MANIFEST})")
    parsed = parser.parse_args(arguments)
    try:
        runner.configure(backend=parsed.backend, workers=parsed.workers)
    except ValueError as error:
        parser.error(str(error))
    if parsed.manifest.exists() and not parsed.manifest.is_file():
        parser.error(f"{parsed.manifest} is no regular file; name one for the manifest")
    return parsed


def _directory(text: str) -> Path:
    try:
        os.scandir(text).close()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot list {text!r}: {error.strerror}; name a directory") from error
    return Path(text)


if __name__ == "__main__":
    sys.exit(main())
