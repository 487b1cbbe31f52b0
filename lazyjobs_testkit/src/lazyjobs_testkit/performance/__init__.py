"""How fast a backend is: told beside the verdict, and never part of it."""

from lazyjobs_testkit.performance._measure import Latency, MeasurementError, Performance, measure

__all__ = ["Latency", "MeasurementError", "Performance", "measure"]
