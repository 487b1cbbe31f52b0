"""How often the racy ones are caught."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._pool import Trial, try_all
from lazyjobs_testkit.zoo._trial import is_caught

_LEAST = 0.99
_HEAD = """\
# How surely luck is caught

Some of the backends in the [kit](rules.md) are wrong only now and then: when threads meet, when a process is killed at
the wrong moment, when a request fails, after a rare sequence of calls. The rule beside each of them was run alone with
many seeds and its usual budget, on real threads, processes and files; the last column says with how many of them it
failed for the stated reason. `make proof` takes a hundred seeds for each, and fails if one is below {least:.0%}.

| rule | backend | caught with |
| --- | --- | --- |"""


def print_rates(mutants: Sequence[Mutant], *, seeds: int, jobs: int, page: Path | None = None) -> int:
    """Tries the named rule of each mutant with so many seeds and prints the rates; 1 if one is below 99 in 100."""
    trials = [Trial(mutant, seed, mutant.breaks) for mutant in mutants for seed in range(seeds)]
    caught: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for trial, report in try_all(trials, jobs=jobs):
        mutant = trial.variant
        assert isinstance(mutant, Mutant)
        tried[mutant.name] += 1
        caught[mutant.name] += is_caught(mutant, report)
        if tried[mutant.name] == seeds:
            print(f"{mutant.breaks:8}{mutant.name:30}{caught[mutant.name]} of {seeds} seeds", flush=True)
    low = [mutant.name for mutant in mutants if caught[mutant.name] < _LEAST * seeds]
    print(f"below {_LEAST:.0%}: {', '.join(low)}" if low else f"every one of {len(mutants)} in at least {_LEAST:.0%}")
    if page is not None and not low:
        page.write_text(render_rates(mutants, caught, tried), encoding="utf-8")
    return 1 if low else 0


def render_rates(mutants: Sequence[Mutant], caught: Mapping[str, int], tried: Mapping[str, int]) -> str:
    """The rates in Markdown."""
    rows = [
        f"| {mutant.breaks} | `{mutant.name}` | {caught[mutant.name]} of {tried[mutant.name]} seeds |"
        for mutant in mutants
    ]
    return "\n".join([_HEAD.format(least=_LEAST), *rows, ""])
