"""How a worker process writes its log."""

import copy
import logging


class OneLine(logging.Formatter):
    """One line a record: without the traceback, and with line breaks made visible."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        bare = copy.copy(record)
        bare.exc_info = bare.exc_text = bare.stack_info = None
        return super().format(bare).replace("\n", "\\n")


def set_up_logging(*, verbose: bool) -> None:
    """Logs to standard error, unless the application has set up logging; `verbose` adds tracebacks and details."""
    layout = "%(asctime)s %(levelname)s %(message)s"
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(layout) if verbose else OneLine(layout))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
