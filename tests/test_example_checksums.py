"""The example that computes the checksums of a directory tree."""

import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from examples.checksums.__main__ import main
from examples.checksums.jobs import Checksum
from examples.checksums.manifest import append_line, collect_lines, format_line, publish
from examples.checksums.run import Result, Run
from examples.checksums.tree import UnknownFilesError, find_files, list_tracked
from lazyjobs import Backend, ClaimParams, JobRunner, State
from lazyjobs_memory import MemoryBackend
from lazyjobs_sqlite import SQLiteBackend
from tests.support.directory import DirectoryBackend
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[1]
TIMEOUT = 30
NAMES = (
    b"plain", b"a space", b" around ", b"new\nline", b"back\\slash", b"car\rriage return\r", b"\\\n", b"\xff\xfe raw",
    "größe".encode(), b"[bold]", b"\x1b[31mred", b"*star", b"-dash", b"quote'\"",
)  # fmt: skip
DANGLING = b"dangling \xff\x1b[2J"
READABLE = {*NAMES, b"empty", b"large", b"link", b"folder/inner"}

pytestmark = pytest.mark.logs_errors("checksum discarded id=")


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """Files of every sort; those of READABLE can be read."""
    tree = tmp_path / "tree"
    (tree / "folder").mkdir(parents=True)
    for name in NAMES:
        (tree / os.fsdecode(name)).write_bytes(b"content of " + name)
    (tree / "empty").touch()
    (tree / "large").write_bytes(b"0123456789abcdef" * 2**16)
    (tree / "link").symlink_to("plain")
    (tree / "folder" / "inner").write_text("inner")
    (tree / "linked folder").symlink_to("folder")
    (tree / os.fsdecode(DANGLING)).symlink_to("nowhere")
    (tree / "unreadable").symlink_to("/proc/self/mem")  # opens for everyone, and its first byte is never mapped
    os.mkfifo(tree / "pipe")
    (tree / "linked pipe").symlink_to("pipe")
    (tree / "device").symlink_to("/dev/zero")
    for skipped in (".git", "__pycache__", ".demo"):
        (tree / "folder" / skipped).mkdir()
        (tree / "folder" / skipped / "file").touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tree / "socket"))
        yield tree


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Checksum, "job_retry_delay", lambda *_: timedelta(milliseconds=5))


class Example:
    """The command, run in this process and in the directory `cwd`, with a new runner each time."""

    def __init__(self, cwd: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.cwd = cwd
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """The exit code, what it printed, and its complaints."""
        self._monkeypatch.setattr("examples.checksums.__main__.runner", make_runner())
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as exit:
            code = int(exit.code or 0)
        return code, *self._capsys.readouterr()


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Example:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAZYJOBS_BACKEND", raising=False)
    return Example(tmp_path, monkeypatch, capsys)


def make_runner(backend: Backend | None = None) -> JobRunner:
    return JobRunner(backend, jobs=[Checksum], workers=2, poll_interval=timedelta(milliseconds=5))


def make_run(directory: Path, manifest: Path, backend: Backend | None = None) -> Run:
    return Run(make_runner(backend or MemoryBackend()), directory, manifest, lambda *_: None)


def execute(directory: Path, manifest: Path, backend: Backend | None = None) -> Result:
    return make_run(directory, manifest, backend).execute()


def sha256sum(*arguments: str | bytes | Path, cwd: Path) -> bytes:
    return subprocess.run(["sha256sum", *arguments], cwd=cwd, check=True, stdout=subprocess.PIPE).stdout


def test_the_manifest_is_what_sha256sum_writes_and_accepts(tree: Path, example: Example) -> None:
    code, _, complaints = example.run(tree)
    assert (code, complaints) == (0, "")
    manifest = example.cwd / ".demo" / "checksums.sha256"
    lines = manifest.read_bytes().splitlines(keepends=True)
    assert set(lines) == set(sha256sum("--", *READABLE, cwd=tree).splitlines(keepends=True))
    assert len(lines) == len(READABLE)
    assert sha256sum("--check", "--strict", "--quiet", manifest, cwd=tree) == b""
    assert [path.name for path in manifest.parent.iterdir()] == [manifest.name]


def test_the_report_tells_counts_failures_and_how_to_check(tree: Path, example: Example) -> None:
    _, report, _ = example.run(tree, "--manifest", "out", "--workers", "3")
    assert "20 files in" in report
    assert "18 in the manifest, 2 failed\n" in report
    assert "Stored    18 succeeded, 2 discarded\n" in report
    assert (
        r"Failed    dangling \xff\x1b[2J: FileNotFoundError: [Errno 2] No such file or directory" in report.splitlines()
    )
    assert "          unreadable: OSError: [Errno 5] Input/output error\n" in report
    command = report.rpartition("Check it")[2].strip()
    assert subprocess.run(command, shell=True, cwd=example.cwd, capture_output=True).returncode == 0
    assert not set(report) & set(map(chr, range(32))) - {"\n"}


def test_on_a_terminal_the_program_shows_a_bar(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text(name)
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "examples.checksums", "."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=terminal) as process:
        os.close(terminal)
        written = b""
        with suppress(OSError):  # raised once the last who has the terminal open is gone
            while block := os.read(controller, 4096):
                written += block
    os.close(controller)
    assert process.returncode == 0
    assert "━".encode() in written
    assert b"3 of 3 files" in written
    assert b": 3 in the manifest" in written


def test_a_second_run_makes_the_same_manifest(tree: Path) -> None:
    manifest = tree / "manifest"
    assert execute(tree, manifest).listed == len(READABLE)
    first = manifest.read_bytes()
    assert execute(tree, manifest).listed == len(READABLE)
    assert manifest.read_bytes() == first


def test_a_failure_is_tried_three_times_and_keeps_its_reason(tree: Path, tmp_path: Path) -> None:
    backend = MemoryBackend()
    result = execute(tree, tmp_path / "manifest", backend)
    assert {os.fsencode(failure.path) for failure in result.failures} == {DANGLING, b"unreadable"}
    discarded = [record for record in backend.list() if record.state is State.DISCARDED]
    assert [(record.attempt, record.max_attempts) for record in discarded] == [(3, 3), (3, 3)]
    assert {record.last_error for record in discarded} == {failure.reason for failure in result.failures}


def test_a_file_replaced_by_a_pipe_meanwhile_fails_instead_of_blocking(tree: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.touch()
    with pytest.raises(OSError, match="no longer a regular file"):
        Checksum.of(tree, Path("pipe"), lines).work()


def test_a_directory_that_cannot_be_listed_is_reported_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "before").touch()
    (tmp_path / "gone").mkdir()
    (tmp_path / "rest").mkdir()
    (tmp_path / "rest" / "file").touch()
    problems: list[tuple[Path, OSError]] = []
    found = find_files(tmp_path, besides=(), on_error=lambda *problem: problems.append(problem))
    assert next(found) == tmp_path / "before"
    shutil.rmtree(tmp_path / "gone")
    assert list(found) == [tmp_path / "rest" / "file"]
    ((folder, error),) = problems
    assert (folder, type(error)) == (tmp_path / "gone", FileNotFoundError)


def git(*arguments: str | Path, cwd: Path) -> None:
    subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True)


def test_without_a_directory_it_takes_the_files_that_git_tracks(
    tree: Path, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", ".", cwd=tree)
    git("add", "plain", "new\nline", "large", "folder/inner", cwd=tree)
    (tree / "large").unlink()
    monkeypatch.setattr("examples.checksums.__main__.CHECKOUT", tree)
    code, report, _ = example.run("--manifest", "out")
    assert code == 0
    assert "Checksums of the files that git tracks below" in report
    listed = (example.cwd / "out").read_bytes().splitlines(keepends=True)
    expected = sha256sum("--", "plain", "new\nline", "folder/inner", cwd=tree).splitlines(keepends=True)
    assert sorted(listed) == sorted(expected)


def test_a_checkout_that_git_does_not_know_is_an_error_that_asks_for_a_directory(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("examples.checksums.__main__.CHECKOUT", example.cwd)
    code, _, complaints = example.run()
    assert code == 2
    assert "checksums: cannot tell which files are tracked: fatal: not a git repository" in complaints
    assert "name a directory to take all below it" in complaints


def test_without_git_nobody_knows_which_files_are_tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnknownFilesError, match="git is not installed"):
        list_tracked(tmp_path)


def test_the_slowest_jobs_are_told_slowest_first(tree: Path, tmp_path: Path) -> None:
    slowest = execute(tree, tmp_path / "manifest").slowest
    seconds = [attempt.seconds for _, attempt in slowest]
    assert len(seconds) == 5
    assert seconds == sorted(seconds, reverse=True)


def test_a_job_that_runs_twice_leaves_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    manifest = tmp_path / "manifest"
    with collect_lines(manifest) as lines:
        job = Checksum.of(tmp_path, Path("file"), lines)
        job.work()
        job.work()
        assert publish(lines, manifest) == 1
    assert manifest.read_bytes() == f"{sha256(b'content').hexdigest()}  file\n".encode()


def test_of_two_lines_for_one_name_the_later_counts(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest"
    with collect_lines(manifest) as lines:
        for digest, name in (("1" * 64, b"b"), ("2" * 64, b"a\\"), ("3" * 64, b"b")):
            append_line(lines, format_line(digest, name))
        publish(lines, manifest)
    assert manifest.read_text() == "\\" + "2" * 64 + "  a\\\\\n" + "3" * 64 + "  b\n"


def test_a_line_for_a_run_that_has_ended_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with collect_lines(tmp_path / "manifest") as lines:
        job = Checksum.of(tmp_path, Path("file"), lines)
    with pytest.raises(FileNotFoundError):
        job.work()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_interrupted_run_leaves_the_manifest_before_and_nothing_else(tree: Path, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    manifest = tmp_path / "out" / "manifest"
    execute(tree, manifest)
    before = manifest.read_bytes()
    (tree / "another").touch()
    run = make_run(tree, manifest)
    run.show = interrupt
    with pytest.raises(KeyboardInterrupt):
        run.execute()
    assert not run.runner.running
    assert [path.name for path in manifest.parent.iterdir()] == ["manifest"]
    assert manifest.read_bytes() == before


def test_on_a_durable_backend_it_counts_its_own_files_and_ends_what_a_killed_run_left(
    tree: Path, tmp_path: Path
) -> None:
    backend = DirectoryBackend(tmp_path / "records")
    left = JobRunner(backend, jobs=[Checksum]).enqueue(Checksum.of(tree, Path("plain"), tmp_path / "gone"))
    claim = ClaimParams(queues=(left.queue,), lease=timedelta(milliseconds=1))
    assert backend.claim(claim) is not None
    for earlier in (0, 1):
        result = execute(tree, tmp_path / "manifest", backend)
        assert (result.found, result.listed, len(result.failures)) == (20, 18, 2)
        assert result.states == {State.SUCCEEDED: 18 * (earlier + 1), State.DISCARDED: 2 * (earlier + 1) + 1}


def test_killed_in_the_middle_and_started_again_it_ends_with_the_right_manifest(tmp_path: Path) -> None:
    names = [f"file {number}".encode() for number in range(300)]
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in names:
        (tree / os.fsdecode(name)).write_bytes(name * 10_000)
    url = f"sqlite:///{tmp_path}/jobs.db"
    command = [sys.executable, "-m", "examples.checksums", "tree", "--backend", url, "--manifest", "out/manifest"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as killed:
        wait_until(lambda: any(path.stat().st_size for path in tmp_path.glob("out/.manifest.*.lines")))
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out" / "manifest").exists()
    with closing(SQLiteBackend(tmp_path / "jobs.db")) as backend:
        left = backend.stats()
        assert left.by_state.get(State.SUCCEEDED, 0) < len(names)
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=TIMEOUT)
    manifest = (tmp_path / "out" / "manifest").read_bytes().splitlines(keepends=True)
    assert sorted(manifest) == sorted(sha256sum("--", *names, cwd=tree).splitlines(keepends=True))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest"]
    with closing(SQLiteBackend(tmp_path / "jobs.db")) as backend:
        assert backend.stats().by_state == {State.SUCCEEDED: left.total + len(names)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "cannot list 'nowhere': No such file or directory; name a directory"),
        (["file"], "cannot list 'file': Not a directory; name a directory"),
        ([".", "--workers", "0"], "workers must be at least 1, not 0"),
        ([".", "--manifest", "."], ". is no regular file; name one for the manifest"),
        ([".", "--manifest", "file/manifest"], "the manifest cannot be written: [Errno 17] File exists: "),
        ([".", "--backend", "nowhere://"], "no backend is installed for the scheme 'nowhere'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(example: Example, arguments: list[str], message: str) -> None:
    (example.cwd / "file").touch()
    code, _, complaints = example.run(*arguments)
    assert code == 2
    assert message in complaints.splitlines()[-1]
    assert "Traceback" not in complaints


def test_no_module_of_it_names_a_backend() -> None:
    modules = list((ROOT / "examples" / "checksums").rglob("*.py"))
    assert len(modules) > 5
    for module in modules:
        found = re.search(r"memory|sqlite|sqs|dynamo|redis|postgres|://", module.read_text(), re.IGNORECASE)
        assert found is None, f"{module}: {found}"
