"""How a command writes its log."""

import copy
import logging

from lazyjobs.texts import visible


class OneLine(logging.Formatter):
    """One line a record: without the traceback, and with line breaks and other control characters made visible."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        bare = copy.copy(record)
        bare.exc_info = bare.exc_text = bare.stack_info = None
        return visible(super().format(bare))


def set_up_logging(*, verbose: bool) -> None:
    """Logs to standard error, unless the application has set up logging; `verbose` adds tracebacks and details."""
    layout = "%(asctime)s %(levelname)s %(message)s"
    formatter = logging.Formatter(layout) if verbose else OneLine(layout)
    _log_to_standard_error(formatter, logging.DEBUG if verbose else logging.INFO)


def log_warnings() -> None:
    """Shows warnings only, as remarks of the command; unless logging is set up already."""
    _log_to_standard_error(OneLine("lazyjobs: %(message)s"), logging.WARNING)


def _log_to_standard_error(formatter: logging.Formatter, level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler])
