"""An emulator in this process, and a namespace on it."""

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
