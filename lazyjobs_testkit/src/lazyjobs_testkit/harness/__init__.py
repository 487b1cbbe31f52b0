"""What the kit knows of a backend: how to open and destroy a namespace of it, and what it declares."""

from lazyjobs_testkit.harness._harness import Harness
from lazyjobs_testkit.harness._hooks import (
    Faults,
    SupportsClock,
    SupportsFaults,
    SupportsNewerSchema,
    SupportsOldSchema,
    SupportsRestart,
)
from lazyjobs_testkit.harness._traits import ExpectedFailure, Traits

__all__ = [
    "ExpectedFailure",
    "Faults",
    "Harness",
    "SupportsClock",
    "SupportsFaults",
    "SupportsNewerSchema",
    "SupportsOldSchema",
    "SupportsRestart",
    "Traits",
]
