"""What is printed at the end of a run."""

import os
import shlex
import string
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from examples.checksums.run import Failure, Result
from examples.checksums.slowest import Attempt
from lazyjobs import State

SHOWN_FAILURES = 20
_INDENT = 10
_PLAIN = (string.ascii_letters + string.digits + " ./-_").encode()


def print_report(console: Console, result: Result, directory: Path, manifest: Path) -> None:
    """The counts, the slowest jobs, the failures, and how to check the manifest."""
    console.out(_sum_up(result), style="bold", highlight=False)
    _print_block(console, "Stored", [_count_states(result)])
    _print_block(console, "Slowest", [_describe_attempt(*each) for each in result.slowest])
    _print_block(console, "Failed", _list_failures(result.failures, directory))
    _print_block(console, "Manifest", [printable(manifest)])
    if result.listed:
        _print_block(console, "Check it", [_check_command(directory, manifest)])


def printable(path: Path) -> str:
    """`path` on one line, with what a terminal could not show, or would obey, as escapes."""
    text = os.fsencode(path).decode(errors="backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _print_block(console: Console, title: str, lines: Sequence[str]) -> None:
    for number, line in enumerate(lines):
        label = "" if number else title
        console.print(Text.assemble((f"{label:{_INDENT}}", "cyan"), line), soft_wrap=True)


def _sum_up(result: Result) -> str:
    files = "1 file" if result.found == 1 else f"{result.found:,} files"
    failed = f", {len(result.failures):,} failed" if result.failures else ""
    return f"{files} in {result.seconds:.1f} s: {result.listed:,} in the manifest{failed}"


def _count_states(result: Result) -> str:
    return ", ".join(f"{result.states[state]:,} {state}" for state in State if state in result.states) or "none"


def _describe_attempt(name: Path, attempt: Attempt) -> str:
    outcome = "" if attempt.outcome == "succeeded" else f" ({attempt.outcome})"
    return f"{attempt.seconds:.3f} s  {printable(name)}{outcome}"


def _list_failures(failures: Sequence[Failure], directory: Path) -> Sequence[str]:
    return [*_describe_failures(failures[:SHOWN_FAILURES], directory), *_count_rest(len(failures) - SHOWN_FAILURES)]


def _describe_failures(failures: Sequence[Failure], directory: Path) -> Iterator[str]:
    for failure in failures:
        reason = failure.reason.removesuffix(f": {str(directory / failure.path)!r}")
        yield f"{printable(failure.path)}: {reason}"


def _count_rest(rest: int) -> Iterator[str]:
    if rest > 0:
        yield f"and {rest:,} more"


def _check_command(directory: Path, manifest: Path) -> str:
    if directory != Path.cwd():
        return f"(cd {_quote(directory)} && sha256sum -c --quiet {_quote(manifest)})"
    name = manifest.relative_to(directory) if manifest.is_relative_to(directory) else manifest
    return f"sha256sum -c --quiet {_quote(name)}"


def _quote(path: Path) -> str:
    if printable(path) == str(path):
        return shlex.quote(str(path))
    characters = (chr(each) if each in _PLAIN else f"\\x{each:02x}" for each in os.fsencode(path))
    return f"$'{''.join(characters)}'"
