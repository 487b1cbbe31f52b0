"""Django's tasks on any lazyjobs backend; needs the extra `lazyjobs[django]`.

`TASKS = {"default": {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "OPTIONS": {"url": …}}}` is all that a
project says. As an installed application, `"lazyjobs.integrations.django"` adds the command `lazyjobs_worker`.
"""

from lazyjobs.integrations.django._backend import LazyJobsBackend, get_runner
from lazyjobs.integrations.django._configuration import ConfigurationError
from lazyjobs.integrations.django._results import NotStored, StoredResult
from lazyjobs.integrations.django._retries import retries
from lazyjobs.integrations.django._transactions import EnqueueInTransactionError

__all__ = [
    "ConfigurationError",
    "EnqueueInTransactionError",
    "LazyJobsBackend",
    "NotStored",
    "StoredResult",
    "get_runner",
    "retries",
]
