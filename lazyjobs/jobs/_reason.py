"""What an exception says, as text that can be stored; whatever the exception is, text comes of it."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice

LONGEST = 20_000
"""In characters; what is longer is cut."""
_NOTES = 100
_LINKS = 100
_LONGEST_TRACEBACK = 100_000

_module_of = type.__dict__["__module__"].__get__
_chained = [BaseException.__dict__[name].__get__ for name in ("__cause__", "__context__")]
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_forget_traceback = BaseException.__dict__["__traceback__"].__set__
_name_of = type.__dict__["__qualname__"].__get__


def reason_of(error: BaseException) -> str:
    """The class of `error`, what it says, and its notes; at most `LONGEST` characters and without a lone surrogate.

    Raises nothing, whatever the exception's own methods do: its class is read past its metaclass, and what cannot be
    asked for is left out, or replaced by the class of what asking for it raised.
    """
    return _join(name_of(error), error)


def brief_of(error: BaseException) -> str:
    """The same with the bare name of the class, for lines in a log."""
    return _join(str.__str__(_name_of(type(error))), error)


def name_of(error: BaseException) -> str:
    """The class of `error`, with its module unless it is built in or the main one's."""
    return path_of(error).removeprefix("builtins.").removeprefix("__main__.")


def path_of(error: BaseException) -> str:
    """The class of `error` with its module, whatever its metaclass makes of them."""
    cls = type(error)
    module, name = _module_of(cls), str.__str__(_name_of(cls))
    return _encodable(f"{str.__str__(module)}.{name}" if isinstance(module, str) else name)


def text_of(error: BaseException) -> str:
    """What `error` says, and its notes below that, cut and encodable as in `reason_of`."""
    return cut(_whole_text(error))


def traceback_of(error: BaseException) -> str:
    """The traceback and all that belongs to it, as Python prints it; of `showable(error)`, so that it can be had."""
    return "".join(traceback.format_exception(showable(error)))


def showable(error: BaseException) -> BaseException:
    """`error` if it can be printed with its traceback, at a bearable length; else a stand-in of its name that can be.

    The stand-in has the traceback, and what can be told of the exception, but none of its causes.
    """
    with suppress(BaseException):
        if _is_short(error) and len("".join(traceback.format_exception(error)).encode()) <= _LONGEST_TRACEBACK:
            return error
    module, _, name = path_of(error).replace("\0", "?").rpartition(".")
    stand_in: BaseException = type(name, (Exception,), {"__module__": module or "builtins"})(text_of(error))
    return stand_in.with_traceback(_traceback_of(error))


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """`error`, and all that is chained to it or grouped in it, each once; reads past what its class makes of these."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        left += [other for get in _chained if (other := get(each)) is not None]
        if issubclass(type(each), BaseExceptionGroup):
            left += BaseExceptionGroup.exceptions.__get__(each)


def forget_tracebacks(error: BaseException) -> None:
    """Drops the tracebacks of `error` and of all that is chained to it or grouped in it."""
    for each in chain_of(error):
        _forget_traceback(each, None)


def cut(text: str) -> str:
    """The text if it is at most `LONGEST`, or else its beginning and its length."""
    if len(text) > LONGEST:
        mark = f" … ({len(text)} characters)"
        text = text[: LONGEST - len(mark)] + mark
    return _encodable(text)


def _join(name: str, error: BaseException) -> str:
    text = _whole_text(error)
    return cut(f"{name}: {text}".strip() if text else name)


def _whole_text(error: BaseException) -> str:
    return "\n".join((_said(partial(str, error)), *_notes(error)))


def _is_short(error: BaseException) -> bool:
    """Whether it does not take long to print it."""
    chain = list(islice(chain_of(error), _LINKS + 1))
    return len(chain) <= _LINKS and all(
        len(_whole_text(each)) <= LONGEST and len(getattr(each, "__notes__", ())) <= _NOTES for each in chain
    )


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
