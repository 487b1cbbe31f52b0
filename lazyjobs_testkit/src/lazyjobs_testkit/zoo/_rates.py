"""How often the racy ones are caught."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from lazyjobs_testkit.zoo._animal import Animal
from lazyjobs_testkit.zoo._keeper import Visit, visit_all
from lazyjobs_testkit.zoo._trial import is_caught

_LEAST = 0.99
_HEAD = """\
# How surely luck is caught

Some of the backends in the [zoo](zoo.md) are wrong only now and then: when threads meet, when a process is killed at
the wrong moment, when a request fails, after a rare sequence of calls. The rule beside each of them was run alone with
many seeds and its usual budget, on real threads, processes and files; the last column says with how many of them it
failed for the stated reason. `make proof` takes a hundred seeds for each, and fails if one is below {least:.0%}.

| rule | backend | caught with |
| --- | --- | --- |"""


def print_rates(animals: Sequence[Animal], *, seeds: int, jobs: int, page: Path | None = None) -> int:
    """Tries the named rule of each animal with so many seeds and prints the rates; 1 if one is below 99 in 100."""
    visits = [Visit(animal, seed, animal.breaks) for animal in animals for seed in range(seeds)]
    caught: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for visit, report in visit_all(visits, jobs=jobs):
        animal = visit.exhibit
        assert isinstance(animal, Animal)
        tried[animal.name] += 1
        caught[animal.name] += is_caught(animal, report)
        if tried[animal.name] == seeds:
            print(f"{animal.breaks:8}{animal.name:30}{caught[animal.name]} of {seeds} seeds", flush=True)
    low = [animal.name for animal in animals if caught[animal.name] < _LEAST * seeds]
    print(f"below {_LEAST:.0%}: {', '.join(low)}" if low else f"every one of {len(animals)} in at least {_LEAST:.0%}")
    if page is not None and not low:
        page.write_text(render_rates(animals, caught, tried), encoding="utf-8")
    return 1 if low else 0


def render_rates(animals: Sequence[Animal], caught: Mapping[str, int], tried: Mapping[str, int]) -> str:
    """The rates in Markdown."""
    rows = [
        f"| {animal.breaks} | `{animal.name}` | {caught[animal.name]} of {tried[animal.name]} seeds |"
        for animal in animals
    ]
    return "\n".join([_HEAD.format(least=_LEAST), *rows, ""])
