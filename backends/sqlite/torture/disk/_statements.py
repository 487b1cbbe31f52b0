"""SQL statements, told to the shim as if they were calls."""

import ctypes
import sqlite3
from collections.abc import Callable
from functools import wraps

_LONGEST = 50


def tell_statements() -> None:
    """From now on every connection that this process opens tells each statement before it begins.

    Statements inside triggers count too. Only in a process that was started in the environment of a `Disk`.
    """
    tell = ctypes.CDLL(None).torture_statement
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    @wraps(connect)
    def connect_and_tell(*args: object, **options: object) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(lambda statement: tell(" ".join(statement.split())[:_LONGEST].encode()))
        return connection

    sqlite3.connect = connect_and_tell  # type: ignore[assignment]
