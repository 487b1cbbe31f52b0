"""The quick start of the README works as it stands, but for the port."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_the_quick_start_works(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(block("python"))
    script = block("sh").replace("4566", str(free_port()))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with (tmp_path / "output").open("w") as file:
        shell = subprocess.Popen(
            ["sh", "-eu", "-c", script],
            cwd=tmp_path,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = shell.wait(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    output = (tmp_path / "output").read_text()
    assert code == 0, output
    assert "ready: table demo--jobs" in output
    assert output.endswith("hello\n")
