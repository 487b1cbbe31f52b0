"""Completion in the shell, by argcomplete: asked as bash asks, and absent."""

import json
import os
import pty
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.waiting import GENEROUS, wait_until

SCRIPTS = sysconfig.get_path("scripts")
TIMEOUT = GENEROUS.total_seconds()
APPLICATION = """
from lazyjobs import BaseJob, JobRunner


class Note(BaseJob):
    kind = "a.kind.of.note"

    def work(self): ...


runner = JobRunner(jobs=[Note])
"""
ASK = """
eval "$(register-python-argcomplete lazyjobs)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_TYPE=9
_python_argcomplete "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""
WITHOUT_THE_EXTRA = "import sys; sys.modules['argcomplete'] = None; from lazyjobs.cli import main; sys.exit(main())"
MODULES = "import sys; from lazyjobs.cli import main; main(['stats', '--backend', 'memory://']); print(*sys.modules)"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", SCRIPTS, prepend=os.pathsep)
    Path("app.py").write_text(APPLICATION)
    return tmp_path


def ask(line: str) -> set[str]:
    """What bash proposes with the cursor at the end of the line."""
    words = [*line.split(), *([""] if line.endswith(" ") else [])]
    run = subprocess.run(
        ["bash", "--norc", "-euc", ASK, "bash", *words],
        env={**os.environ, "LINE": line},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return {word.strip() for word in run.stdout.splitlines()} - {""}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lazyjobs st", {"stats"}),
        ("lazyjobs backends ", {"-h", "--help", "--json"}),
        ("lazyjobs list --state r", {"running", "retrying"}),
        ("lazyjobs prune --old", {"--older-than"}),
        ("lazyjobs stats --backend m", {"memory://"}),
        ("lazyjobs worker --backend sqli", {"sqlite://"}),
        ("lazyjobs enqueue --app app:runner a", {"a.kind.of.note"}),
        ("lazyjobs enqueue --app nowhere:runner a", set()),
        ("lazyjobs enqueue a", set()),
    ],
)
def test_a_line_may_go_on_like_this(line: str, words: set[str]) -> None:
    assert ask(line) == words


def test_a_tab_in_bash_completes_the_command() -> None:
    terminal, end = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], stdin=end, stdout=end, stderr=end, start_new_session=True
    )
    os.close(end)
    try:
        os.write(terminal, b'eval "$(register-python-argcomplete lazyjobs)" && touch ready\n')
        wait_until(Path("ready").exists, what="the registration")
        os.write(terminal, b"lazyjobs backe\t--js\t> found && touch done\n")
        wait_until(Path("done").exists, what="the completed command")
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)
    assert "memory" in {each["scheme"] for each in json.loads(Path("found").read_text())}


def test_without_the_extra_a_shell_gets_no_answer_and_people_the_command() -> None:
    for environment, arguments, code in ({"_ARGCOMPLETE": "1"}, [], 2), ({}, ["backends"], 0):
        run = subprocess.run(
            [sys.executable, "-c", WITHOUT_THE_EXTRA, *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            timeout=TIMEOUT,
        )
        assert run.returncode == code, run.stderr
        assert b"Traceback" not in run.stderr


def test_a_command_imports_no_extra_and_no_backend_but_its_own() -> None:
    run = subprocess.run([sys.executable, "-c", MODULES], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    found = {name.partition(".")[0] for name in run.stdout.split()}
    assert {"lazyjobs", "lazyjobs_memory", "msgspec"} <= found
    others = {"argcomplete", "boto3", "django", "lazyjobs_aws", "lazyjobs_sqlite", "lazyjobs_testkit", "opentelemetry"}
    assert found & {*others, "prometheus_client", "starlette"} == set()
