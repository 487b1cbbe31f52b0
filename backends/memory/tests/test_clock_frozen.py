"""The backend's clock in tests that freeze time."""

import subprocess
import sys

PROGRAM = """
import freezegun

from lazyjobs import InsertParams, open_backend

for _ in range(2):
    with freezegun.freeze_time("2030-01-01"):
        backend = open_backend("memory://")
    backend.insert(InsertParams(kind="mail"))
"""


def test_a_backend_that_is_first_opened_while_time_is_frozen_works_then_and_later() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
