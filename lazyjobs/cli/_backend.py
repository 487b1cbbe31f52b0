"""The backend that a command works on: which one, opened, and closed at the end."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points

from lazyjobs.cli._completion import complete_by, propose_urls
from lazyjobs.cli._logging import log_warnings
from lazyjobs.cli._output import tell
from lazyjobs.cli._usage import UsageError
from lazyjobs.contract import Backend, BackendError, BackendURL, LazyJobsError, SupportsClose, open_backend
from lazyjobs.contract._urls import ENTRY_POINTS
from lazyjobs.runner import URL_VARIABLE, JobRunner

_ALONE = "memory"


def add_backend_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--backend URL`, which `chosen_url` and `opened_backend` read."""
    option = parser.add_argument("--backend", metavar="URL", help=f"where the jobs are; else {URL_VARIABLE} tells")
    complete_by(option, propose_urls)


def chosen_url(arguments: argparse.Namespace) -> str:
    """The URL of `--backend`, or of the environment; raises `UsageError` if neither gives one."""
    url: str | None = arguments.backend or os.environ.get(URL_VARIABLE)
    if not url:
        raise UsageError(
            f"no backend is named: write --backend URL or set {URL_VARIABLE}, to sqlite:///jobs.db, say; memory://, "
            "which runners have by default, lives in one process only, so a command would find nothing in it"
        )
    return url


@contextmanager
def opened_backend(arguments: argparse.Namespace) -> Iterator[Backend]:
    """The backend at `chosen_url`, as `opened_url` gives it."""
    with opened_url(chosen_url(arguments)) as backend:
        yield backend


@contextmanager
def opened_url(url: str) -> Iterator[Backend]:
    """The backend at `url`, open inside; its warnings go to standard error, one line each."""
    log_warnings()
    if lives_in_one_process(url):
        tell("memory:// lives in this process only: it begins empty, and what is stored there ends with the command")
    backend = _open(url)
    try:
        yield backend
    finally:
        if isinstance(backend, SupportsClose):
            backend.close()


def lives_in_one_process(url: str) -> bool:
    """Whether nobody but the process that opens `url` sees what is stored there."""
    return BackendURL.parse(url).scheme == _ALONE


def keeps_in_one_process(runner: JobRunner) -> bool:
    """The same of a runner's backend, which may have been given without a URL."""
    if runner.backend_url is not None:
        return lives_in_one_process(runner.backend_url)
    package = type(runner.backend).__module__.partition(".")[0]
    found = entry_points(group=ENTRY_POINTS, name=_ALONE)
    return any(entry.module.partition(".")[0] == package for entry in found)


def _open(url: str) -> Backend:
    try:
        return open_backend(url)
    except LazyJobsError:
        raise
    except Exception as error:
        scheme = BackendURL.parse(url).scheme
        raise BackendError(
            f"the backend for {scheme}:// cannot be loaded: {type(error).__name__}: {error}; lazyjobs backends lists "
            "what is installed"
        ) from error
