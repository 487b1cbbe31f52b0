"""What an exception says, as text that can be stored; whatever the exception is, text comes of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice

LONGEST = 20_000
"""In characters; what is longer is cut."""
_NOTES = 100

_module_of = type.__dict__["__module__"].__get__
_name_of = type.__dict__["__qualname__"].__get__


def reason_of(error: BaseException) -> str:
    """The class of `error`, what it says, and its notes; at most `LONGEST` characters and without a lone surrogate.

    Raises nothing, whatever the exception's own methods do: its class is read past its metaclass, and what cannot be
    asked for is left out, or replaced by the class of what asking for it raised.
    """
    name, text = name_of(error), text_of(error)
    return cut(f"{name}: {text}".strip() if text else name)


def brief_of(error: BaseException) -> str:
    """The same with the bare name of the class, for lines in a log."""
    name, text = str.__str__(_name_of(type(error))), text_of(error)
    return cut(f"{name}: {text}".strip() if text else name)


def name_of(error: BaseException) -> str:
    """The class of `error`, with its module unless it is built in or the main one's."""
    cls = type(error)
    module, name = _module_of(cls), str.__str__(_name_of(cls))
    named = isinstance(module, str) and module not in ("builtins", "__main__")
    return _encodable(f"{str.__str__(module)}.{name}" if named else name)


def text_of(error: BaseException) -> str:
    """What `error` says, and its notes below that, cut and encodable as in `reason_of`."""
    return cut("\n".join((_said(partial(str, error)), *_notes(error))))


def cut(text: str) -> str:
    """The text if it is at most `LONGEST`, or else its beginning and its length."""
    if len(text) > LONGEST:
        mark = f" … ({len(text)} characters)"
        text = text[: LONGEST - len(mark)] + mark
    return _encodable(text)


def _notes(error: BaseException) -> Iterator[str]:
    notes: object = None
    with suppress(BaseException):
        notes = error.__notes__
    if isinstance(notes, list | tuple):
        for note in islice(notes, _NOTES):
            yield _said(partial(str, note))


def _said(say: Callable[[], str]) -> str:
    try:
        return str.__str__(say())
    except BaseException as failure:
        return f"(its text cannot be made: {name_of(failure)})"


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode()
