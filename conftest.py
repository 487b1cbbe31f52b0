"""Runs the code blocks of README.md and docs/, and fails tests of errors that the library logged unexpectedly.

Each document runs in a temporary directory of its own.

A python block whose first line names a file (`# app.py`) is also written to that file, for the blocks after it. One in
a directory (`# shop/tasks.py`) is part of a project that the sh blocks run, and is only written. An sh block is a
script for `sh -eu`, with this interpreter's commands first on the PATH. Other blocks are `text`, or refused.

A test names the errors that it makes the library log: `@pytest.mark.logs_errors("claiming failed", …)`, each text being
a part of the line.
"""

import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

_SECONDS = 60
_FILE = re.compile(r"# (\S+\.py)\n")
_FENCE = re.compile(r"^```(\w+)", re.MULTILINE)
_evaluate = PythonEvaluator()


def _run_python(example: Example) -> None:
    source = str(example.parsed)
    if named := _FILE.match(source):
        place = Path(named[1])
        if place.parent.name:
            # Python 3.11 has no Django 6, so there the documents' other way is tried: the backport, by its own name.
            backported = sys.version_info < (3, 12)
            place.write_text(source.replace("from django.tasks", "from django_tasks") if backported else source)
            return
        place.write_text(source)
    _evaluate(example)


def _run_sh(example: Example) -> None:
    script = subprocess.Popen(
        ["sh", "-eu", "-c", str(example.parsed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = script.communicate(timeout=_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(script.pid, signal.SIGKILL)
        script.wait()
    assert script.returncode == 0, f"exit code {script.returncode}\n{output}"


def _refuse_other_languages(document: Document) -> Iterator[Region]:
    others = set(_FENCE.findall(document.text)) - {"python", "sh", "text"}
    assert not others, f"{document.path}: blocks of {sorted(others)} are never run; write python, sh or text"
    return iter(())


def _enter_directory(namespace: dict[str, Any]) -> None:
    namespace["_patches"] = patches = pytest.MonkeyPatch()
    namespace["_directory"] = directory = TemporaryDirectory(prefix="lazyjobs-docs-")
    namespace["__name__"] = "__main__"
    patches.chdir(directory.name)
    patches.syspath_prepend(directory.name)
    patches.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    patches.setenv("PYTHONWARNINGS", "error")
    patches.setenv("PYTHONDONTWRITEBYTECODE", "1")
    patches.delenv("LAZYJOBS_BACKEND", raising=False)


def _leave_directory(namespace: dict[str, Any]) -> None:
    directory = namespace.pop("_directory")
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(directory.name):
            del sys.modules[name]
    namespace.pop("_patches").undo()
    directory.cleanup()


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _only_expected_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    errors, library = _Errors(), logging.getLogger("lazyjobs")
    library.addHandler(errors)
    yield
    library.removeHandler(errors)
    expected = [text for mark in request.node.iter_markers("logs_errors") for text in mark.args]
    unexpected = [line for line in errors.lines if not any(text in line for text in expected)]
    if unexpected and isinstance(request.node, pytest.Function):
        listed = "\n".join(unexpected[:10])
        pytest.fail(f"{len(unexpected)} errors were logged that no @pytest.mark.logs_errors(…) names:\n{listed}")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keeps the blocks of a document in one process when the tests are spread over several (`-n`)."""
    if config.getoption("dist", default="no") == "load":
        config.option.dist = "loadfile"


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser("python", _run_python),
        CodeBlockParser("sh", _run_sh),
        _refuse_other_languages,
    ],
    patterns=["README.md", "docs/*.md"],
    # A test of the kit reads that page as its reader does: some of its blocks change files that others wrote.
    excludes=["*/README.md", "*/docs/*.md", "docs/writing-a-backend.md"],
    setup=_enter_directory,
    teardown=_leave_directory,
).pytest()
