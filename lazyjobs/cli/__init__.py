# PYTHON_ARGCOMPLETE_OK: by this the global completion of argcomplete finds the command
"""The command line, `lazyjobs`: a worker, and what operators look and work with."""

from lazyjobs.cli._main import main

__all__ = ["main"]
