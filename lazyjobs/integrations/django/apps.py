"""The application that adds the command `lazyjobs_worker`, and a look at the storage to `check --deploy`."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register

from lazyjobs.integrations.django._checks import check_storage


class LazyJobsConfig(AppConfig):  # type: ignore[misc]
    """`"lazyjobs.integrations.django"` among INSTALLED_APPS."""

    name = "lazyjobs.integrations.django"
    label = "lazyjobs"
    verbose_name = "lazyjobs"

    def ready(self) -> None:
        """Registers the check, and has enqueues looked at that would wait for their own transaction."""
        import_module("lazyjobs.integrations.django._transactions")
        register(check_storage, deploy=True)
