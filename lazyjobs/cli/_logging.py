"""How a worker process writes its log."""

import copy
import logging
import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Formatter):
    """One line a record: without the traceback, and with line breaks and other control characters made visible."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        bare = copy.copy(record)
        bare.exc_info = bare.exc_text = bare.stack_info = None
        return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), super().format(bare))


def set_up_logging(*, verbose: bool) -> None:
    """Logs to standard error, unless the application has set up logging; `verbose` adds tracebacks and details."""
    layout = "%(asctime)s %(levelname)s %(message)s"
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(layout) if verbose else OneLine(layout))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
