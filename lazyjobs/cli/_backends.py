"""The command `lazyjobs backends`."""

import argparse
from collections.abc import Sequence

from lazyjobs.cli._installed import CAPABILITIES, Installed, find_installed
from lazyjobs.cli._options import add_json_option
from lazyjobs.cli._output import aside, show, tell, terminal_width, to_json
from lazyjobs.cli._table import Column, draw
from lazyjobs.cli._usage import Exit
from lazyjobs.texts import one_line, visible

_DESCRIPTION = """\
Lists the backends that are installed: the scheme of their URLs, their distributions, and what they can do beside the
seven methods. Loads them and opens none. Ends with 1 if one is broken.
"""
_LEAST = 16


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("backends", help="list the installed backends", description=_DESCRIPTION)
    add_json_option(parser, "one array")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Lists them."""
    with aside():
        found = find_installed()
    if arguments.json:
        show([to_json(found)])
    elif found:
        show(_draw(found, terminal_width()))
    else:
        tell("no backend is installed; pip install lazyjobs-sqlite, say")
    return Exit.INCOMPLETE if any(each.broken for each in found) else Exit.DONE


def _draw(found: Sequence[Installed], width: int | None) -> list[str]:
    columns = [Column("URL"), Column("DISTRIBUTION"), Column("VERSION"), Column("CONTRACT", right=True)]
    return draw([*columns, Column("CAPABILITIES", least=_LEAST)], [_row(each) for each in found], width)


def _row(each: Installed) -> list[str]:
    contract = "" if each.contract_version is None else str(each.contract_version)
    names = (f"{each.scheme}://", each.distribution or "?", each.version or "?", contract)
    return [*map(visible, names), _tell_capabilities(each)]


def _tell_capabilities(each: Installed) -> str:
    if each.broken is not None:
        return one_line(f"BROKEN: {each.broken}")
    if each.capabilities is None:
        return "unknown until it is opened"
    if len(each.capabilities) == len(CAPABILITIES):
        return "all"
    return ", ".join(each.capabilities) or "none"
