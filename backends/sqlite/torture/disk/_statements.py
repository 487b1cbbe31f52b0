"""SQL statements, told to the shim as if they were calls."""

import ctypes
import sqlite3
from functools import cache
from typing import Any

_LONGEST = 50


class TellingConnection(sqlite3.Connection):
    """Tells each statement before it begins, those inside triggers too.

    Only in a process that was started in the environment of a `Disk`.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.set_trace_callback(_tell)


def _tell(statement: str) -> None:
    _shim().torture_statement(" ".join(statement.split())[:_LONGEST].encode())


@cache
def _shim() -> ctypes.CDLL:
    return ctypes.CDLL(None)
