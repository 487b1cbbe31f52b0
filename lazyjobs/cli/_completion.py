"""Completion in the shell, by argcomplete: the extra `completion`."""

import argparse
import os
from collections.abc import Callable, Iterable
from contextlib import suppress

from lazyjobs.cli._installed import schemes

_ASKED_BY_A_SHELL = "_ARGCOMPLETE"

Completer = Callable[..., Iterable[str]]


def complete(parser: argparse.ArgumentParser) -> None:
    """Answers a shell that asks how the line may go on, and ends the process; does nothing where no shell asks."""
    if _ASKED_BY_A_SHELL not in os.environ:
        return
    with suppress(ImportError):
        from argcomplete import autocomplete

        autocomplete(parser)


def complete_by(action: argparse.Action, completer: Completer) -> None:
    """Lets a function propose the values of an option."""
    action.completer = completer  # type: ignore[attr-defined]


def propose_urls(**_: object) -> list[str]:
    """How the URLs of the installed backends begin."""
    return [f"{scheme}://" for scheme in schemes()]
