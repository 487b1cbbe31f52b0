"""The job as a Django task; imported once Django is set up."""

from benchmarks._job import noop

try:
    from django.tasks import task
except ImportError:  # Django before 6.0, where the framework is a distribution of its own
    from django_tasks import task


@task  # type: ignore[untyped-decorator]
def noop_task(text: str) -> None:
    """Does nothing but be counted."""
    noop(text)
