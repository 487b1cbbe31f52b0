"""A forked child goes on with the object of its parent, on connections, locks and ids of its own."""

import subprocess
import sys
import textwrap

SCRIPT = """
    import os
    from datetime import timedelta

    from lazyjobs import ClaimParams, CompleteParams, InsertParams, WaitParams
    from lazyjobs_aws import AwsBackend
    from lazyjobs_aws._address import Address
    from lazyjobs_aws._layout import Layout
    from lazyjobs_aws._provision import Provisioner
    from lazyjobs_aws.emulator import emulated_here

    with emulated_here():
        Provisioner(Address("eu-west-1", "forks")).create(Layout(), ["default"])
        backend = AwsBackend("eu-west-1", "forks")
        backend.insert(InsertParams(kind="greet"))
        parts = backend._parts
        child = os.fork()
        for _ in range(3):
            backend.insert(InsertParams(kind="greet"))
        assert backend.wait(WaitParams(timeout=timedelta(seconds=5)))
        record = backend.claim(ClaimParams())
        backend.complete(CompleteParams(id=record.id, attempt=1))
        backend.close()
        if child == 0:
            assert backend._parts is not parts
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        os._exit(0)  # without waiting for the long polls
"""


def test_parent_and_child_go_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
