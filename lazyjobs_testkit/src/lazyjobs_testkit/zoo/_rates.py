"""How often the racy ones are caught."""

from collections import Counter
from collections.abc import Sequence

from lazyjobs_testkit.zoo._animal import Animal
from lazyjobs_testkit.zoo._keeper import Visit, visit_all
from lazyjobs_testkit.zoo._trial import is_caught

_LEAST = 0.99


def print_rates(animals: Sequence[Animal], *, seeds: int, jobs: int) -> int:
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
    return 1 if low else 0
