"""The arguments of a task as JSON holds them."""

from typing import Any

from lazyjobs.integrations.django._framework import normalize_json
from lazyjobs.jobs import make_plain


def as_json(value: Any) -> Any:
    """`value` made of dicts, lists, texts, numbers, booleans and None, and of nothing that derives from them.

    So a text that Django has marked as safe becomes a text, and a member of `IntegerChoices` a number. Raises TypeError
    or ValueError, as Django does, for what JSON cannot hold.
    """
    try:
        return _plain(normalize_json(value))
    except RecursionError:
        raise ValueError("Unsupported value: it is nested too deep, or holds itself") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool) else make_plain(value)
