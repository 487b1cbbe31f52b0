"""How a test says that it cannot judge a backend."""

from typing import NoReturn

import pytest

NOT_APPLICABLE = "not applicable: "
BLOCKED = "blocked: "


def not_applicable(reason: str) -> NoReturn:
    """Ends the test: the rule does not concern this backend."""
    pytest.skip(NOT_APPLICABLE + reason)


def blocked(reason: str) -> NoReturn:
    """Ends the test: the rule could not be tried, and that is no fault of its own."""
    pytest.skip(BLOCKED + reason)
