"""The testing kit of lazyjobs.

`conformance_suite` tells a backend, rule by rule, whether it keeps the contract; `Jobs` is for the tests of an
application that uses lazyjobs.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lazyjobs_testkit.harness import ExpectedFailure, Harness, Traits
    from lazyjobs_testkit.jobs import Jobs
    from lazyjobs_testkit.suite._conformance import conformance_suite

__version__ = "0.1.0"

_HOMES = {
    "ExpectedFailure": "lazyjobs_testkit.harness",
    "Harness": "lazyjobs_testkit.harness",
    "Jobs": "lazyjobs_testkit.jobs",
    "Traits": "lazyjobs_testkit.harness",
    "conformance_suite": "lazyjobs_testkit.suite._conformance",
}

__all__ = ["ExpectedFailure", "Harness", "Jobs", "Traits", "conformance_suite"]


def __getattr__(name: str) -> object:
    # Late, so that a run of pytest without a suite imports nothing of the kit.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    return value
