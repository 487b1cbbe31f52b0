"""The command `manage.py lazyjobs_worker`."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from lazyjobs.cli import main
from lazyjobs.integrations.django._framework import DEFAULT_TASK_BACKEND_ALIAS

_PASSED_ON = ("backend", "workers", "control", "stop_timeout", "log_format")


class Command(BaseCommand):  # type: ignore[misc]
    """`lazyjobs worker` on the runner of an entry of TASKS."""

    help = "Runs the project's tasks until SIGTERM or SIGINT; the exit code is that of `lazyjobs worker`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Adds the options of `lazyjobs worker`, and --alias."""
        parser.add_argument("--alias", default=DEFAULT_TASK_BACKEND_ALIAS, help="the entry of TASKS (default)")
        parser.add_argument("--queue", action="append", metavar="NAME", help="watch only this; may be repeated")
        parser.add_argument("--workers", metavar="N", help="how many tasks run at once")
        parser.add_argument("--drain", action="store_true", help="run all that is due, then exit")
        parser.add_argument("--backend", metavar="URL", help="instead of that of TASKS")
        parser.add_argument("--control", metavar="HOST:PORT", help="serve GET /jobs there; 0 picks a port")
        parser.add_argument("--stop-timeout", metavar="SECONDS", help="how long tasks in flight may take to end (30)")
        parser.add_argument("--log-format", metavar="FORMAT", help="text, line or json (text)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Runs until stopped or drained; exits with the worker's code unless that is 0."""
        arguments = ["worker", f"lazyjobs.integrations.django.worker:{options['alias']}"]
        for queue in options["queue"] or ():
            arguments += ["--queue", queue]
        for name in _PASSED_ON:
            if options[name] is not None:
                arguments += [f"--{name.replace('_', '-')}", str(options[name])]
        arguments += ["--drain"] * options["drain"] + ["--verbose"] * (options["verbosity"] > 1)
        if code := main(arguments, whole_process=self._called_from_command_line):
            sys.exit(code)
