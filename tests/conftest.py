"""What tests of several subjects use."""

import pytest
from hypothesis import settings

from tests.support.commands import Command

# How long an example takes says something about the machine, and nothing about the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command `lazyjobs` in this process, with nothing in the environment that it would go by."""
    for name in ("COLUMNS", "LAZYJOBS_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    return Command(capsys)
