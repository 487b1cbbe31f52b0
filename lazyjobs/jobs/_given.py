"""How errors name what was given in the place of something else: by what it is, since it may hold a payload."""

from numbers import Number
from types import FunctionType

_LONGEST = 80


def show_given(value: object) -> str:
    """`value` for an error: numbers, classes and functions as they are written, of others what they are."""
    if value is None or isinstance(value, Number | type | FunctionType):
        return shorten(repr(value))
    if isinstance(value, list | tuple) and value:
        return f"[{show_given(value[0])}{', …' if len(value) > 1 else ''}]"
    name = type(value).__qualname__
    return f"{name}(…)" if hasattr(type(value), "work") else f"a value of the class {name}"


def shorten(text: str) -> str:
    """At most 80 characters of `text`."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
