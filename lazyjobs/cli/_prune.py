"""The command `lazyjobs prune`."""

import argparse
from datetime import UTC, datetime

from lazyjobs.cli._backend import add_backend_option, opened_backend
from lazyjobs.cli._options import add_json_option, read_count
from lazyjobs.cli._output import show, to_json
from lazyjobs.cli._times import read_duration, shift
from lazyjobs.cli._usage import Exit, UnsupportedError, UsageError
from lazyjobs.contract import Backend, BackendError, ListOptions, PruneParams, State, SupportsPrune

_DESCRIPTION = """\
Deletes the succeeded and discarded records that have not changed for as long as you say, in batches, until none is
left. Nothing else is ever deleted.
"""
_FINISHED = frozenset({State.SUCCEEDED, State.DISCARDED})


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("prune", help="delete old finished records", description=_DESCRIPTION)
    parser.add_argument(
        "--older-than", type=read_duration, required=True, metavar="DURATION", help="90s, 15m, 12h, 30d, 2w or 1h30m"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="delete nothing, only count; reads every finished record"
    )
    parser.add_argument(
        "--batch", type=read_count, default=1000, metavar="N", help="how many are deleted in one step (1000)"
    )
    add_backend_option(parser)
    add_json_option(parser, "one object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Deletes, or counts what it would delete."""
    params = _params(arguments)
    with opened_backend(arguments) as backend:
        if not isinstance(backend, SupportsPrune):
            raise UnsupportedError(
                f"{type(backend).__name__} cannot delete finished records: it has no prune; lazyjobs backends lists "
                "what each backend can do"
            )
        count = _count(backend, params) if arguments.dry_run else _prune(backend, params)
    if arguments.json:
        show([to_json({"count": count, "dry_run": arguments.dry_run, "finished_before": params.finished_before})])
    else:
        verb = "to delete" if arguments.dry_run else "deleted"
        show([f"{verb}: {count}, finished and unchanged since {params.finished_before:%Y-%m-%d %H:%M:%SZ}"])
    return Exit.DONE


def _params(arguments: argparse.Namespace) -> PruneParams:
    try:
        return PruneParams(finished_before=shift(datetime.now(UTC), -arguments.older_than), limit=arguments.batch)
    except ValueError as error:
        raise UsageError(f"--older-than reaches back too far: {error}") from error


def _prune(backend: SupportsPrune, params: PruneParams) -> int:
    # Until nothing is deleted, as a batch that somebody else deletes in part comes out short with more behind it.
    deleted = 0
    try:
        while count := backend.prune(params):
            deleted += count
    except BackendError as error:
        raise BackendError(f"{error} ({deleted} records were deleted before)") from error
    return deleted


def _count(backend: Backend, params: PruneParams) -> int:
    finished = backend.list(ListOptions(limit=None, states=_FINISHED))
    return sum(record.updated_at < params.finished_before for record in finished)
