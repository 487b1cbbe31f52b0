"""What is given bad inputs."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple


class Target(NamedTuple):
    """Something that takes input from outside."""

    make: Callable[[random.Random], Any]
    """An input that follows from the chance given."""
    give: Callable[[Any], object]
    """Gives it, and raises what it should not have raised; AssertionError for an answer that it should not have."""
