"""Backends whose claim is wrong."""

from lazyjobs import Record
from lazyjobs_testkit.zoo._animal import Animal
from lazyjobs_testkit.zoo._base import TameBackend


class OrderedById(TameBackend):
    """Claims the due record with the lowest id, whenever it became due."""

    def claim_order(self, record: Record) -> tuple[object, ...]:
        return (record.id,)


ANIMALS = (Animal(OrderedById.Harness, "CLM-04", r"claimed .* before"),)
