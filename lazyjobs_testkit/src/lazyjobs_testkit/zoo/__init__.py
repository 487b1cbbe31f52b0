"""The zoo: the broken backends of all areas, by which the kit proves that it notices, and odd ones that are right.

`python -m lazyjobs_testkit.zoo` tries the whole suite on every one of them. A module `mutants…` of an area holds
`MUTANTS`, the broken ones; `legal` and `files` hold `ODD_BACKENDS`, or what others are made of.
"""

from lazyjobs_testkit.zoo._mutant import Mutant, OddBackend, mutants, odd_backends
from lazyjobs_testkit.zoo._pages import render_areas, render_index, render_rules

__all__ = ["Mutant", "OddBackend", "mutants", "odd_backends", "render_areas", "render_index", "render_rules"]
