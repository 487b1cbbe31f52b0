"""An emulator in this process, and a namespace on it."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from lazyjobs_aws import AwsBackend
from lazyjobs_aws._layout import Layout
from lazyjobs_aws.emulator import emulated_here

sys.path.insert(0, str(Path(__file__).parent))
from aws_support.place import Place

_numbers = count(1)
_WHOLE_KIT = "LAZYJOBS_AWS_WHOLE_KIT"
_QUICK = {"CLM", "TRN", "FEN", "LSE", "EXT", "PAY", "STF", "CLK", "FLD", "LST", "URL"}
_RULE = re.compile(r"\[([A-Z]{3})-[0-9]{2}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves of the conformance kit what takes a minute; the report tells which rules were not selected."""
    if not os.environ.get(_WHOLE_KIT):
        left = [
            item
            for item in items
            if (rule := _RULE.search(item.name)) and "/aws/" in item.nodeid and rule[1] not in _QUICK
        ]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session")
def emulated() -> Iterator[None]:
    """Both services, in this process."""
    with emulated_here():
        yield


@pytest.fixture
def place(emulated: None) -> Iterator[Place]:
    """A fresh namespace, provisioned without a feed, whose clock the test turns."""
    place = Place(f"place{next(_numbers)}")
    place.create()
    yield place
    place.remove()


@pytest.fixture
def feed_place(emulated: None) -> Iterator[Place]:
    """A fresh namespace with a feed and three shards."""
    place = Place(f"place{next(_numbers)}", layout=Layout(shards=3, feed=True))
    place.create()
    yield place
    place.remove()


@pytest.fixture
def backend(place: Place) -> Iterator[AwsBackend]:
    """A handle on `place`."""
    backend = place.open()
    yield backend
    backend.close()


@pytest.fixture
def make_place(emulated: None) -> Iterator[Callable[[], Place]]:
    """Makes fresh namespaces, each with SQS queues whose messages never hide."""
    made: list[Place] = []

    def make() -> Place:
        place = Place(f"place{next(_numbers)}", visibility=0)
        place.create()
        made.append(place)
        return place

    yield make
    for place in made:
        place.remove()
