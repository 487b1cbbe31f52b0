"""Options of several commands, and the values they take."""

import argparse

from lazyjobs.contract import ClaimParams, InsertParams

_MOST = 2**31 - 1


def add_json_option(parser: argparse.ArgumentParser, shape: str) -> None:
    """Adds `--json`; `shape` is what it writes."""
    parser.add_argument("--json", action="store_true", help=f"for programs: {shape}")


def read_count(text: str) -> int:
    """A whole number from 1 on; for argparse."""
    if not (text.isascii() and text.isdecimal()) or not text.strip("0"):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    if len(text) > 10 or int(text) > _MOST:
        raise argparse.ArgumentTypeError(f"must be at most {_MOST}, not {text!r}")
    return int(text)


def read_queue(text: str) -> str:
    """The name of a queue; for argparse."""
    try:
        return ClaimParams(queues=(text,)).queues[0]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def read_kind(text: str) -> str:
    """The name of a kind of jobs; for argparse."""
    try:
        return InsertParams(kind=text).kind
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
