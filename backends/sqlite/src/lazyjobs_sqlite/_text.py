"""Error texts as they are stored."""

import re

MAX_LENGTH = 65_536
"""In characters; what is longer is cut."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """The beginning of `text`, with U+FFFD for each lone surrogate, which UTF-8 cannot write."""
    # A subclass of str could answer text[:n] with an error, and no error text may stop a transition.
    prefix = str.__getitem__(text, slice(MAX_LENGTH))
    return prefix if prefix.isascii() else _SURROGATES.sub("\ufffd", prefix)
