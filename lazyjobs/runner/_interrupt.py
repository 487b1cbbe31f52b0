"""Tells a Ctrl-C from what strangers raise: log handlers, observers, exceptions that are asked for their text."""

from __future__ import annotations

from threading import current_thread, main_thread


def is_interrupt(error: BaseException) -> bool:
    """Whether `error` is somebody's Ctrl-C, which only the main thread gets, and not what a stranger raised."""
    return isinstance(error, KeyboardInterrupt) and current_thread() is main_thread()
