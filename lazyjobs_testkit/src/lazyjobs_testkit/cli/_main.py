"""The command `lazyjobs-conformance`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

from lazyjobs import CONTRACT_VERSION
from lazyjobs_testkit import __version__
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.cli._new import begin_backend
from lazyjobs_testkit.cli._replay import replay_history
from lazyjobs_testkit.cli._run import run_conformance
from lazyjobs_testkit.report import render_schema
from lazyjobs_testkit.rules import Area
from lazyjobs_testkit.zoo import render_rules

_DESCRIPTION = "Tells a storage backend of lazyjobs, rule by rule, whether it keeps the contract."
_EPILOG = (
    "Two words are no backends: `new NAME` begins one, and `replay FILE` judges a saved history again; a backend of "
    "such a name is given as module:Harness. What follows a -- goes to pytest, such as: -- --pdb -x. Exits with 0 if "
    "nothing is wrong, with 1 if a rule is broken, with 3 if the harness or the machine failed, with 4 if what was "
    "given cannot be used."
)
_COMMANDS = {"new": begin_backend, "replay": replay_history}


def main(argv: Sequence[str] | None = None) -> int:
    """Reads the command line and tries the backend it names, or does what one of the commands does; the exit status."""
    given = sys.argv[1:] if argv is None else argv
    if given and given[0] in _COMMANDS:
        return _COMMANDS[given[0]](given[1:])
    own, pytest_options = _split(given)
    options = _make_parser().parse_args(own)
    return run_conformance(
        options.backend,
        traits=options.trait,
        rules=options.rule,
        seed=options.seed,
        thorough=options.thorough,
        performance=options.performance,
        baseline=options.baseline,
        output=options.output,
        pytest_options=pytest_options,
    )


def _split(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before -- and what behind it."""
    place = argv.index("--") if "--" in argv else len(argv)
    return argv[:place], argv[place + 1 :]


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lazyjobs-conformance", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument(
        "backend",
        metavar="BACKEND",
        help="the name of an installed backend, `all` of them, a URL (in which {namespace} stands where a namespace's "
        "name goes), module:Harness or file.py:Harness",
    )
    add = parser.add_argument
    add(
        "--rule", action="append", default=[], type=_read_rule, metavar="ID", help="only this rule or area: CLM-04, CLM"
    )
    add("--seed", type=int, metavar="N", help="the seed of everything random; chosen if not given")
    add("--thorough", action="store_true", help="ten times the usual budgets")
    add("--performance", action="store_true", help="measure the backend too; the figures are told and fail nothing")
    add("--trait", action="append", default=[], metavar="NAME[=VALUE]", help="what the backend of a URL declares")
    add("--baseline", type=Path, metavar="FILE", help="an earlier conformance.json: only what differs from it fails")
    add("--output", type=Path, default=Path(), metavar="DIR", help="where the report is written; here if not given")
    version = f"lazyjobs-testkit {__version__}, contract {CONTRACT_VERSION}, {len(MANIFEST)} rules"
    add("--rules", action=_Show, const=render_rules, help="print every rule in Markdown, and end")
    add("--schema", action=_Show, const=render_schema, help="print the JSON Schema of conformance.json, and end")
    add("--version", action="version", version=version)
    return parser


class _Show(argparse.Action):
    """Prints what `const` makes, and ends."""

    def __init__(self, option_strings: Sequence[str], dest: str, const: Callable[[], str], help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, const=const, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(self.const())
        parser.exit()


def _read_rule(text: str) -> str:
    """What pytest's -k takes to select a rule, or the rules of an area."""
    name = text.upper()
    if name in list(Area):
        return f"{name}-"
    if name not in MANIFEST:
        near = get_close_matches(name, [*MANIFEST, *Area], n=3) or list(Area)
        raise argparse.ArgumentTypeError(f"there is no rule and no area {text!r}; there is {', '.join(near)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
