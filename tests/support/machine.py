"""What the tests know of the machine: made here, the same everywhere, instead of inherited from whoever starts them."""

import locale
import os
import signal
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

INHERITED = (
    "PATH",
    "LD_LIBRARY_PATH",  # without it an interpreter that was built elsewhere may not start
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
)
_OF_THE_RUN = ("PYTEST_", "COV_CORE_")
"""What pytest and its plugins tell each other."""
_LOCALES = ("C.UTF-8", "en_US.UTF-8")
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}
"""Python gives these back to the programs that it starts."""


def make_environment(home: Path, keep: Collection[str] = ()) -> None:
    """Makes the environment of this process, and so of all that it starts; `home` is a directory for it alone.

    Of what it was stays what this module names, and what `keep` does.
    """
    given = dict(os.environ)
    made = {name: given[name] for name in (*INHERITED, *keep) if name in given}
    made |= {name: value for name, value in given.items() if name.startswith(_OF_THE_RUN)}
    # pytest keeps the directories of its last runs, so they stay where they are.
    made.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    temporary = home / "tmp"
    temporary.mkdir(mode=0o700)
    made |= {"HOME": str(home), "TMPDIR": str(temporary), "LC_ALL": _find_locale(), "TERM": "dumb", "TZ": "UTC"}
    os.environ.clear()
    os.environ.update(made)


def settle_process() -> None:
    """Has this process go by the environment that was made, and makes its umask and its signals."""
    tempfile.tempdir = None
    locale.setlocale(locale.LC_ALL, "")
    time.tzset()
    os.umask(0o022)
    _reset_signals()


def _find_locale() -> str:
    for name in _LOCALES:
        try:
            return locale.setlocale(locale.LC_ALL, name)
        except locale.Error:
            continue
    return "C"


def _reset_signals() -> None:
    """A command in the background ignores SIGINT, one of nohup SIGHUP, and their children would inherit that."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals() - _IGNORED_BY_PYTHON:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _default_of(number))


def _default_of(number: int) -> "signal._HANDLER":
    if number == signal.SIGINT:
        return signal.default_int_handler
    # Whoever uses nohup wants the run to outlive the terminal. A handler, other than SIG_IGN, is not inherited.
    return (lambda _number, _frame: None) if number == signal.SIGHUP else signal.SIG_DFL
