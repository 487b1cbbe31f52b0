"""The ground of every test, and the code blocks of README.md and docs/.

A test knows nothing of the machine (`tests/support/machine.py`); whatever it leaves behind fails it
(`tests/support/leftovers.py`), and so does an error that the library logs and the test does not expect. Each document
runs in a temporary directory of its own.

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
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser

sys.path.append(str(Path(__file__).parent))
from tests.support.leftovers import MARK, Leftovers
from tests.support.machine import make_environment, settle_process

_SECONDS = 60
_FILE = re.compile(r"# (\S+\.py)\n")
_FENCE = re.compile(r"^```(\w+)", re.MULTILINE)
_evaluate = PythonEvaluator()


def _run_python(example: Example) -> None:
    source = str(example.parsed)
    if named := _FILE.match(source):
        place = _directory_of(example) / named[1]
        if "/" in named[1]:
            # Python 3.11 has no Django 6, so there the documents' other way is tried: the backport, by its own name.
            backported = sys.version_info < (3, 12)
            place.write_text(source.replace("from django.tasks", "from django_tasks") if backported else source)
            return
        place.write_text(source)
    _evaluate(example)


def _directory_of(example: Example) -> Path:
    directory = Path(example.namespace["_directory"].name)
    assert Path.cwd() == directory, "the blocks of a document run one after another, in its own directory"
    return directory


def _run_sh(example: Example) -> None:
    script = subprocess.Popen(
        ["sh", "-eu", "-c", str(example.parsed)],
        cwd=_directory_of(example),
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


_leftovers = pytest.StashKey[Leftovers]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-variable",
        action="append",
        default=[],
        metavar="NAME",
        help="a variable that the tests find in their environment, as it is outside; the others are made",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Makes the machine; keeps the blocks of a document in one process when there are several (`-n`)."""
    if config.getoption("dist", default="no") == "load":
        config.option.dist = "loadfile"
    if config.option.color == "auto" and "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb":
        # Whoever looks at the run has a terminal, though the tests have none.
        config.option.color = "yes" if sys.stdout.isatty() else "no"
    temporary = Path(os.environ.get("PYTEST_DEBUG_TEMPROOT", gettempdir()))
    if MARK not in os.environ:
        # The workers of this run share what it makes, and so does a run that a test starts.
        home = TemporaryDirectory(prefix="lazyjobs-tests-")
        config.add_cleanup(home.cleanup)
        make_environment(Path(home.name), config.option.keep_variable)
    settle_process()
    config.stash[_leftovers] = Leftovers(temporary)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Puts the blocks of a document back into their order, whatever order the tests have."""
    blocks: dict[object, list[SybilItem]] = {}
    for item in session.items:
        if isinstance(item, SybilItem):
            blocks.setdefault(item.parent, []).append(item)
    documents = (sorted(found, key=lambda block: block.example.start) for found in blocks.values())
    session.items[:] = [
        *(item for item in session.items if item.parent not in blocks),
        *(block for document in documents for block in document),
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the seed of the order, which pytest-randomly does not with `-q`."""
    seed = getattr(terminalreporter.config.option, "randomly_seed", "none")
    terminalreporter.write_line(f"random order: --randomly-seed={seed}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Takes down what there is before the test and its fixtures."""
    item.config.stash[_leftovers].before()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Takes away what the test has left, which is an error of the test."""
    try:
        return (yield)
    finally:
        # A document is in its directory, with its modules, until its last block has run.
        left = [] if isinstance(item, SybilItem) else item.config.stash[_leftovers].after()
        if left:
            pytest.fail(f"the test has left behind {', '.join(left)}", pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Ends what a test has left that was interrupted."""
    try:
        return (yield)
    finally:
        session.config.stash[_leftovers].end_processes(grace=0)


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
