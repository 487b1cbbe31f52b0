"""One measurement of one contender in a process of its own."""

from msgspec import Struct

from benchmarks._contender import open_contender
from benchmarks._process import Figures, obey, order_apart
from benchmarks._workload import MEASURES, Measurement


class Order(Struct, frozen=True):
    """What the new process is to do."""

    contender: str
    measurement: Measurement


def measure_apart(contender: str, measurement: Measurement) -> Figures:
    """The figures of one measurement, made by a fresh interpreter; raises RuntimeError with its output if it failed."""
    return order_apart(__name__, Order(contender, measurement))


def _measure(order: Order) -> Figures:
    measurement = order.measurement
    return MEASURES[measurement.name](open_contender(order.contender, measurement.workers), measurement.amount)


if __name__ == "__main__":
    obey(Order, _measure)
