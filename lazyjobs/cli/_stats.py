"""The command `lazyjobs stats`."""

import argparse
from collections.abc import Mapping, Sequence

from lazyjobs.cli._backend import add_backend_option, opened_backend
from lazyjobs.cli._options import add_json_option
from lazyjobs.cli._output import show, terminal_width, to_json
from lazyjobs.cli._table import Column, draw
from lazyjobs.cli._usage import Exit
from lazyjobs.contract import State, Stats
from lazyjobs.texts import visible

_DESCRIPTION = "Counts the records: by queue and state, and by kind."
_LEAST_NAME = 8


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its options."""
    parser = commands.add_parser("stats", help="count records by queue, state and kind", description=_DESCRIPTION)
    add_backend_option(parser)
    add_json_option(parser, "one object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Shows the counts."""
    with opened_backend(arguments) as backend:
        stats = backend.stats()
    show([to_json(_complete(stats))] if arguments.json else _draw(stats, terminal_width()))
    return Exit.DONE


def _complete(stats: Stats) -> Stats:
    """The same with every state in it, and the names in order."""
    return Stats(
        total=stats.total,
        by_state=_every_state(stats.by_state),
        by_kind=dict(sorted(stats.by_kind.items())),
        by_queue=dict(sorted(stats.by_queue.items())),
        by_queue_state={queue: _every_state(states) for queue, states in sorted(stats.by_queue_state.items())},
    )


def _every_state(counts: Mapping[State, int]) -> dict[State, int]:
    return {state: counts.get(state, 0) for state in State}


def _draw(stats: Stats, width: int | None) -> list[str]:
    queues = [_row(queue, states) for queue, states in sorted(stats.by_queue_state.items())]
    numbers = [Column(title.upper(), right=True) for title in (*State, "total")]
    by_queue = draw(
        [Column("QUEUE", least=_LEAST_NAME), *numbers], [*queues, _row("all queues", stats.by_state)], width
    )
    if not stats.by_kind:
        return by_queue
    kinds = [(visible(kind), str(count)) for kind, count in sorted(stats.by_kind.items())]
    return [*by_queue, "", *draw([Column("KIND", least=_LEAST_NAME), Column("TOTAL", right=True)], kinds, width)]


def _row(name: str, states: Mapping[State, int]) -> Sequence[str]:
    counts = _every_state(states)
    return [visible(name), *map(str, counts.values()), str(sum(counts.values()))]
