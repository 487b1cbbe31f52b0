"""What the kit knows of a backend: how to open and destroy a namespace of it, and what it declares."""

from lazyjobs_testkit.harness._harness import Harness, HarnessError, child_environment
from lazyjobs_testkit.harness._hooks import (
    Faults,
    SupportsClock,
    SupportsFaults,
    SupportsNewerSchema,
    SupportsOldSchema,
    SupportsRestart,
    SupportsURL,
)
from lazyjobs_testkit.harness._ledger import destroy_leftovers
from lazyjobs_testkit.harness._load import ENTRY_POINTS, check_harness, installed_harnesses, load_harness
from lazyjobs_testkit.harness._namespaces import Namespaces
from lazyjobs_testkit.harness._private import private_directory
from lazyjobs_testkit.harness._traits import ExpectedFailure, Traits
from lazyjobs_testkit.harness._url import BACKEND_ENTRY_POINTS

__all__ = [
    "BACKEND_ENTRY_POINTS",
    "ENTRY_POINTS",
    "ExpectedFailure",
    "Faults",
    "Harness",
    "HarnessError",
    "Namespaces",
    "SupportsClock",
    "SupportsFaults",
    "SupportsNewerSchema",
    "SupportsOldSchema",
    "SupportsRestart",
    "SupportsURL",
    "Traits",
    "check_harness",
    "child_environment",
    "destroy_leftovers",
    "installed_harnesses",
    "load_harness",
    "private_directory",
]
