"""Backends that are unusual, and right."""

from lazyjobs_testkit.zoo._animal import Oddity
from lazyjobs_testkit.zoo._base import SevenMethods, TameBackend


class Bare(SevenMethods):
    """Has the seven methods and nothing else."""


class Complete(TameBackend):
    """Has the seven methods and every capability."""


ODDITIES = (Oddity(Bare.Harness), Oddity(Complete.Harness))
