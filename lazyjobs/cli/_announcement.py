"""What a worker says before it begins: what it will do, and what of it may not be meant."""

import logging

from lazyjobs.cli._backend import keeps_in_one_process
from lazyjobs.cli._ending import log_aside
from lazyjobs.contract import BackendURL, ListOptions
from lazyjobs.runner import JobRunner

logger = logging.getLogger("lazyjobs")


def announce(runner: JobRunner) -> None:
    """Logs where it will work, for which queues and kinds, and how many jobs at once; warns of memory.

    Raises `RunnerStateError` if there is no queue to watch.
    """
    queues = runner.queues
    kinds = [each.kind for each in runner.definitions if each.queue in queues]
    log_aside(
        logging.INFO,
        "running %s; on %s, queues: %s, workers: %d",
        ", ".join(kinds) or "no kind of jobs",
        _describe_backend(runner),
        ", ".join(queues),
        runner.workers,
    )
    if keeps_in_one_process(runner):
        log_aside(
            logging.WARNING,
            "memory:// is in this process only: what other processes enqueue does not come here, and what is enqueued "
            "here ends with it; name another backend by --backend or LAZYJOBS_BACKEND, such as sqlite:///jobs.db",
        )


def warn_of_idle_queues(runner: JobRunner) -> None:
    """Warns of each queue that no job of the runner belongs to, and that has no records. Raises nothing."""
    own = {definition.queue for definition in runner.definitions}
    for queue in runner.queues:
        if queue in own:
            continue
        try:
            found = runner.backend.list(ListOptions(limit=1, queues=frozenset({queue}), payloads=False))
        except Exception as error:
            logger.debug("whether the queue %s has records is not known: %s", queue, error)
        else:
            if not found:
                names = ", ".join(sorted(own)) or "none"
                logger.warning("the queue %s has no records, and no job of this runner: theirs are %s", queue, names)


def _describe_backend(runner: JobRunner) -> str:
    url = runner.backend_url
    return type(runner.backend).__name__ if url is None else BackendURL.mask(url)
