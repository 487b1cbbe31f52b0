"""Says why a payload does not fit, and never what it holds: places, types and constraints are told, values are not.

What is worth telling may come from msgspec or pydantic, whose texts are known, or from the author of the job's class.
The author's words are kept, but for those that stand in the payload too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from lazyjobs.jobs._difference import DifferenceError
from lazyjobs.jobs._pydantic import is_serialization_error, model_names

_PLACE = re.compile(r" - at `[^`]*`(?: in `[^`]*`)?$")
_QUOTES = re.compile(r"Invalid (?:enum )?value ")
_UNKNOWN_INSIDE = re.compile(r"Object contains unknown field (?=.* - at `)")
"""A name that no field has; of the job's own members it is told, further inside it may be the key of a mapping."""
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")
_SHORT = 4
_LONG = 100
_HIDDEN = "***"
_AUTHORS = ("value_error", "assertion_error")
_SERIALIZATION = ("surrogates not allowed", "Unable to serialize unknown type")
_MOST = 5


class UnstorableError(TypeError):
    """A value of a class that JSON has no words for; the text names the class."""


class HiddenError(Exception):
    """Stands in a traceback for an exception that may quote a payload: the same place and reason, without values."""


class ModelError(ValueError):
    """A pydantic model does not fit; the text says where and why, without values."""

    def __init__(self, error: Any, model: type, payload: bytes) -> None:
        """Of pydantic's `error` about the `payload` of the `model`."""
        super().__init__(_explain_model(error, model, payload, is_job=False))
        self.of_job = _explain_model(error, model, payload, is_job=True)
        """The same if the model is the job itself: of its own members even the name of an unknown one is told."""


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return ""


def explain(error: BaseException, payload: bytes) -> str:
    """Why `payload` does not fit the fields of a class, or a job would not come back from it, without a value of it."""
    place = ""
    while isinstance(error, msgspec.ValidationError) and (cause := error.__cause__) is not None:
        place, error = place or _said(error).removeprefix(_said(cause)), cause
    text = _said(error)
    if isinstance(error, ModelError) and not place:
        return error.of_job
    if isinstance(error, DifferenceError | UnstorableError | ModelError):
        return text + place
    if isinstance(error, msgspec.MsgspecError):
        return _explain_msgspec(text)
    if isinstance(error, UnicodeError):
        return _explain_unicode(error)
    return _name(error, _without_values(text, payload)) + place


def explain_unwritten(error: BaseException) -> str:
    """Why a job could not be written as JSON; of what the author's code raised, the class of the exception alone."""
    if isinstance(error, UnstorableError):
        return str(error)
    if isinstance(error, UnicodeError):
        return _explain_unicode(error)
    if is_serialization_error(error):
        known = next((known for known in _SERIALIZATION if known in str(error)), None)
        return known or f"{type(error).__name__}: a serializer of the model failed"
    return str(error) if _is_raised_here(error) else type(error).__name__


def hide(error: BaseException, reason: str) -> HiddenError:
    """What is chained to an error about a payload, in the place of the `error` behind it."""
    while error.__cause__ is not None and isinstance(error, msgspec.ValidationError):
        error = error.__cause__
    return HiddenError(f"{type(error).__name__}: {reason}").with_traceback(error.__traceback__)


def _name(error: BaseException, text: str) -> str:
    said = text and isinstance(error, TypeError | ValueError)
    return text if said else f"{type(error).__name__}: {text}".removesuffix(": ")


def _is_raised_here(error: BaseException) -> bool:
    """Whether no code of the author's raised it: then it came from msgspec, called in this package."""
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    return innermost is not None and innermost.tb_frame.f_globals.get("__name__", "").startswith("lazyjobs.jobs.")


def _explain_unicode(error: UnicodeError) -> str:
    return f"{type(error).__name__}: {getattr(error, 'reason', 'no text')}"


def _explain_msgspec(text: str) -> str:
    quotes = _QUOTES.match(text) or _UNKNOWN_INSIDE.match(text)
    if quotes is None:
        return text
    place = _PLACE.search(text)
    return quotes[0].rstrip() + (place[0] if place else "")


def _explain_model(error: Any, model: type, payload: bytes, *, is_job: bool) -> str:
    names = model_names(model)
    problems = error.errors(include_url=False, include_input=False)
    told = [_explain_problem(problem, names, payload, is_job=is_job) for problem in problems[:_MOST]]
    return "; ".join([*told, *([f"and {len(problems) - _MOST} more"] if len(problems) > _MOST else [])])


def _explain_problem(problem: Any, names: Collection[str], payload: bytes, *, is_job: bool) -> str:
    text, inner = problem["msg"], problem.get("ctx", {}).get("error")
    if inner is not None and problem["type"] not in _AUTHORS:
        text = text.replace(str(inner), _HIDDEN)
    if is_job and problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        names = {*names, *problem["loc"]}
    return _without_values(text, payload) + _place(problem["loc"], names)


def _place(parts: tuple[int | str, ...], names: Collection[str]) -> str:
    """Where in the model it is; a text that is no field's name may be the key of a mapping, and so a value."""
    told = []
    for part in parts:
        if isinstance(part, int):
            told.append(f"[{part}]")
        elif part in names:
            told.append(f".{part}")
        else:
            told.append("[...]")
    return f" - at `${''.join(told)}`" if told else ""


def _without_values(text: str, payload: bytes) -> str:
    """`text` with `***` for each word of it that is, or is a part of, a value in `payload`."""
    if not text:
        return text
    try:
        values = [each.casefold() for each in _leaves(msgspec.json.decode(payload))]
    except (ValueError, RecursionError):
        return _HIDDEN
    whole = {word for value in values for word in (value, *_words(value))}
    all_values = "\n".join(values)

    def hide_word(match: re.Match[str]) -> str:
        word = match[0].casefold()
        held = word in all_values if len(word) >= _SHORT else word in whole
        return _HIDDEN if held else match[0]

    return _WORD.sub(hide_word, text)


def _words(value: str) -> Iterator[str]:
    """The short words by which a value may be told; those of a long text could be anybody's."""
    for number in _NUMBER.findall(value):
        yield number
        yield number.lstrip("0") or "0"
    if len(value) <= _LONG:
        yield from _WORD.findall(value)


def _leaves(content: object) -> Iterator[str]:
    """Every value in it as text; the names of the outermost members are those of fields, and no values."""
    stack = list(content.values()) if isinstance(content, dict) else [content]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += [*value, *value.values()]
        elif isinstance(value, list):
            stack += value
        elif value is not None and not isinstance(value, bool):
            yield str(value)
