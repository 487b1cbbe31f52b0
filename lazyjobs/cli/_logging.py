"""How a command writes its log."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lazyjobs.cli._formats import FORMATS, Text

_LAZYJOBS = "lazyjobs"


def add_log_options(parser: argparse.ArgumentParser, details: str) -> None:
    """Adds `--log-format` and `--verbose`, which `set_up_logging` reads; `details` is what the latter adds."""
    parser.add_argument(
        "--log-format",
        choices=[*FORMATS],
        default="text",
        help="text has tracebacks below their lines; line has them in it; json is an object a line (text)",
    )
    parser.add_argument("--verbose", action="store_true", help=f"log {details} too")


@contextmanager
def logging_begun(arguments: argparse.Namespace) -> Iterator[None]:
    """Sets up logging at the end, so that the application, which is imported inside, may do so first.

    What lazyjobs logs inside, and no handler takes, is written then.
    """
    waiting = _Waiting()
    logger = logging.getLogger(_LAZYJOBS)
    logger.addHandler(waiting)
    try:
        yield
    finally:
        logger.removeHandler(waiting)
        set_up_logging(arguments)
        for record in waiting.records:
            logging.getLogger(record.name).handle(record)


class _Waiting(logging.Handler):
    """Keeps what nobody else takes."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not _has_handlers():
            self.records.append(record)


def set_up_logging(arguments: argparse.Namespace) -> None:
    """Logs to standard error, unless the application has set up logging.

    An application that lists its loggers and disables all others, as `dictConfig` does unless told otherwise, has not
    meant those of lazyjobs: they go on.
    """
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0].partition("_")[0] == _LAZYJOBS:
            logging.getLogger(name).disabled = False
    if _has_handlers():
        return
    handler = _log_to_standard_error(
        FORMATS[arguments.log_format](), logging.DEBUG if arguments.verbose else logging.INFO
    )
    if "opentelemetry" in sys.modules:
        from lazyjobs.telemetry import TraceFields

        handler.addFilter(TraceFields())


def log_warnings() -> None:
    """Shows warnings only, as remarks of the command; unless logging is set up already."""
    if not _has_handlers():
        _log_to_standard_error(Text("lazyjobs: %(message)s"), logging.WARNING)


def _has_handlers() -> bool:
    """Whether somebody takes what is logged here."""
    handlers = (*logging.root.handlers, *logging.getLogger(_LAZYJOBS).handlers)
    return any(not isinstance(handler, logging.NullHandler | _Waiting) for handler in handlers)


def _log_to_standard_error(formatter: logging.Formatter, level: int) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.root.addHandler(handler)
    logging.root.setLevel(level)
    return handler
