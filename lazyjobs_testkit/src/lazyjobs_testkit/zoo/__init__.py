"""The zoo: backends wrong in one way each, by which the kit proves that it notices, and odd ones that are right.

`python -m lazyjobs_testkit.zoo` tries the whole suite on every one of them. A public module here holds `ANIMALS`, the
broken ones, or `ODDITIES`, or both; a new module is found by itself.
"""

from lazyjobs_testkit.zoo._animal import Animal, Oddity, animals, oddities

__all__ = ["Animal", "Oddity", "animals", "oddities"]
