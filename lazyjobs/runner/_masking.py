"""Texts that others wrote, without the passwords of the URLs in them."""

import re

from lazyjobs.contract import BackendURL

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s\"'<>`]+")


def mask_urls(text: str) -> str:
    """`text` with `***` in the place of passwords, and of options named like a secret, in every URL that it quotes.

    A password that is written apart from its URL is not known for one.
    """
    return text if "://" not in text else _URL.sub(lambda found: BackendURL.mask(found[0]), text)
