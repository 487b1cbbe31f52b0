"""What somebody may have meant."""

from collections.abc import Collection
from difflib import get_close_matches


def suggest(written: str, known: Collection[str]) -> str:
    """The end of a message: the nearest of the known names, or all of them."""
    near = get_close_matches(written, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(sorted(known)) or 'none'}"
