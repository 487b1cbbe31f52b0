"""The token that whoever asks must know."""

import hmac
import os
from base64 import b64decode
from hashlib import sha256

TOKEN_VARIABLE = "LAZYJOBS_CONTROL_TOKEN"  # noqa: S105 (a name)
_SHORTEST = 16
_LONGEST = 1000


class Token:
    """A secret that is compared in constant time and never shown.

    It comes as `Authorization: Bearer TOKEN` (RFC 6750), or as the password of `Basic` (RFC 7617) with any user name,
    which is what a browser asks for. The variable LAZYJOBS_CONTROL_TOKEN, if it holds this token, is taken out of the
    process's environment, so that no child process of a job inherits it. Raises ValueError for what could not be sent
    or would be guessed.
    """

    def __init__(self, text: str) -> None:
        if not (_SHORTEST <= len(text) <= _LONGEST and text.isascii() and text.isprintable() and " " not in text):
            raise ValueError(
                f"the token must be {_SHORTEST} to {_LONGEST} visible ASCII characters without a space; "
                "python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
            )
        self._digest = _digest(text)
        if os.environ.get(TOKEN_VARIABLE) == text:
            del os.environ[TOKEN_VARIABLE]

    def __repr__(self) -> str:
        return "<Token>"

    def is_in(self, authorization: str) -> bool:
        """Whether the header's value carries this token."""
        scheme, _, credentials = authorization.strip().partition(" ")
        match scheme.lower():
            case "bearer":
                given = credentials.strip()
            case "basic":
                given = _read_password(credentials.strip())
            case _:
                return False
        return hmac.compare_digest(_digest(given), self._digest)


def _digest(text: str) -> bytes:
    # Of one length whatever the text, so that not even its length shows in the time of a comparison.
    return sha256(text.encode(errors="replace")).digest()


def _read_password(credentials: str) -> str:
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
