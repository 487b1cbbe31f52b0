"""What tests of several subjects use."""

import pytest

from tests.support.commands import Command


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command `lazyjobs` in this process, with nothing in the environment that it would go by."""
    for name in ("COLUMNS", "LAZYJOBS_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    return Command(capsys)
