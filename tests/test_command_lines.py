"""What is said of a command line that makes no sense, and of a backend that does not answer: one line, and a code."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from lazyjobs import Backend, BackendUnavailableError, BaseJob, JobRunner, PayloadTooLargeError, PruneParams
from lazyjobs.cli._usage import Exit
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.commands import MEMORY_REMARK, Command

IN_MEMORY = ("--backend", "memory://")
PAYLOAD_EXAMPLE = """'{"address": "ada@example.org"}'"""
NO_BACKEND = (
    "no backend is named: write --backend URL or set LAZYJOBS_BACKEND, to sqlite:///jobs.db, say; memory://, which "
    "runners have by default, lives in one process only, so a command would find nothing in it"
)


@dataclass
class Note(BaseJob):
    kind = "note"
    text: str = ""

    def work(self) -> None: ...


def make_runner() -> JobRunner:
    return JobRunner(jobs=[Note])


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Callable[[JobRunner], None]:
    """Puts a runner at application:runner."""

    def put(runner: JobRunner) -> None:
        module = ModuleType("application")
        vars(module)["runner"] = runner
        monkeypatch.setitem(sys.modules, "application", module)

    return put


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Lets memory:// open a backend that the test has made."""

    def give(backend: object) -> None:
        monkeypatch.setattr(MemoryBackend, "from_url", lambda _: backend)

    return give


@pytest.mark.parametrize(
    "arguments",
    [("stats",), ("list",), ("enqueue", "note"), ("prune", "--older-than", "1d")],
    ids=lambda words: words[0],
)
def test_a_backend_has_to_be_named(arguments: tuple[str, ...], command: Command) -> None:
    assert command(*arguments) == (2, "", f"lazyjobs: {NO_BACKEND}\n")


def test_the_environment_names_it_too(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAZYJOBS_BACKEND", "memory://")
    assert command("stats", "--json").json["total"] == 0


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("nowhere://", "no backend is installed for the scheme 'nowhere' (installed: "),
        ("memory", "cannot open the backend 'memory': scheme: a URL starts with a scheme and ://, such as memory://"),
        ("memory://?colour=red", "cannot open the backend 'memory://?colour=red': option 'colour': "),
    ],
)
def test_a_url_that_means_nothing_is_a_wrong_command_line(url: str, complaint: str, command: Command) -> None:
    outcome = command("stats", "--backend", url)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.remarks.startswith(f"lazyjobs: {complaint}")
    assert outcome.remarks.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "the following arguments are required: command"),
        (("stat",), "argument command: invalid choice: 'stat' (choose from "),
        (("list", "--state", "dead"), "argument --state: invalid choice: 'dead' (choose from "),
        (("list", "--limit", "0"), "argument --limit: must be a whole number from 1 on, not '0'"),
        (("list", "--limit", "²"), "argument --limit: must be a whole number from 1 on, not '²'"),
        (("list", "--limit", "9" * 11), "argument --limit: must be at most 2147483647, not '99999999999'"),
        (("list", "--limit", "3", "--all"), "argument --all: not allowed with argument --limit"),
        (("list", "--kind", "a b"), "argument --kind: kind must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -, not"),
        (("list", "--queue", ""), "argument --queue: queues must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -, not"),
        (("enqueue",), "the following arguments are required: KIND"),
        (("enqueue", "a\x1bb"), "argument KIND: kind must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -, not"),
        (("enqueue", "note", "--in", "soon"), "argument --in: write numbers with units, such as 90s, 15m, 12h, 30d, "),
        (("enqueue", "note", "--at", "noon"), "argument --at: write a time with its offset from UTC, such as "),
        (
            ("enqueue", "note", "--at", "2030-01-31T12:00"),
            "argument --at: write a time with its offset from UTC, such ",
        ),
        (("enqueue", "note", "--at", "2300-01-31T12:00Z"), "argument --at: run_at must be in the years 1970 to 2200"),
        (("enqueue", "note", "--at", "2030-01-31Z"), "argument --at: write a time with its offset from UTC, such as "),
        (
            ("enqueue", "note", "--in", "1s", "--at", "2030-01-31T12:00Z"),
            "argument --at: not allowed with argument --in",
        ),
        (("enqueue", "note", "--max-attempts", "0"), "argument --max-attempts: must be a whole number from 1 on, not"),
        (("prune",), "the following arguments are required: --older-than"),
        (("prune", "--older-than", "30"), "argument --older-than: write numbers with units, such as 90s, 15m, 12h, "),
        (("prune", "--older-than", "1.5h"), "argument --older-than: write numbers with units, such as 90s, 15m, 12h, "),
        (("prune", "--older-than", "9" * 30 + "w"), "argument --older-than: that is longer than any clock tells"),
        (("prune", "--older-than", "9" * 5000 + "w"), "argument --older-than: that is longer than any clock tells"),
        (
            ("prune", "--older-than", "\x1b[2J"),
            "argument --older-than: write numbers with units, such as 90s, 15m, 12h",
        ),
        (("stats", "\x1b[2J"), "unrecognized arguments: \\x1b[2J"),
        (("backends", "--backend", "x"), "unrecognized arguments: --backend x"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(arguments: tuple[str, ...], complaint: str, command: Command) -> None:
    outcome = command(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: {complaint}" in outcome.err
    assert outcome.err.startswith("lazyjobs")
    assert outcome.err.endswith(" --help says what there is\n")
    assert outcome.err.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (
            "{a: 1}",
            "the payload is not JSON (JSON is malformed: object keys must be strings (byte 1)); write one object",
        ),
        ("", "the payload is not JSON (Input data was truncated); write one object, as one word in single quotes: "),
        ('{"a": NaN}', "the payload is not JSON (JSON is malformed: invalid character (byte 6)); write one object, as"),
        ('{"a": "\udcff"}', "the payload is not JSON ("),
        ("[1]", f"the payload is an array; a job's fields are an object, such as {PAYLOAD_EXAMPLE}"),
        ("3", f"the payload is a number; a job's fields are an object, such as {PAYLOAD_EXAMPLE}"),
        ('"text"', f"the payload is a string; a job's fields are an object, such as {PAYLOAD_EXAMPLE}"),
        ("null", f"the payload is null; a job's fields are an object, such as {PAYLOAD_EXAMPLE}"),
        ("true", f"the payload is true or false; a job's fields are an object, such as {PAYLOAD_EXAMPLE}"),
        ('{"a": ' + "[" * 600 + "]" * 600 + "}", "the job cannot be stored: payload is nested more than 500 deep"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "the payload is nested too deep; 500 is the limit"),
        ("@nowhere.json", "the payload cannot be read from 'nowhere.json': [Errno 2] No such file or directory"),
        ("@\0", "the payload cannot be read from '\\x00': "),
    ],
    ids=range(13),
)
def test_a_wrong_payload_is_told_in_one_line(payload: str, complaint: str, command: Command) -> None:
    outcome = command("enqueue", "note", payload, *IN_MEMORY)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.remarks.startswith(f"lazyjobs: {complaint}")
    assert outcome.remarks.removesuffix("\n").isprintable()


def test_times_that_no_record_can_have_are_refused(command: Command) -> None:
    outcome = command("prune", "--older-than", "5000w", *IN_MEMORY)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(
        "lazyjobs: --older-than reaches back too far: finished_before must be in the years 19"
    )
    outcome = command("enqueue", "note", "--in", "99999999d", *IN_MEMORY)
    assert outcome == (2, "", "lazyjobs: the job cannot be stored: that is in no year from 1970 to 2200\n")


def test_a_command_in_memory_says_that_nothing_stays(command: Command) -> None:
    assert command("enqueue", "note", *IN_MEMORY) == (0, "1\n", MEMORY_REMARK)


def test_with_the_application_its_own_backend_is_used(
    command: Command, application: Callable[[JobRunner], None], tmp_path: Path
) -> None:
    application(JobRunner(f"sqlite:///{tmp_path}/jobs.db", jobs=[Note]))
    assert command.done("enqueue", "note", "--app", "application:runner").out == "1\n"
    assert command.done("list", "--backend", f"sqlite:///{tmp_path}/jobs.db").out.count("note") == 1
    backend = MemoryBackend()
    application(JobRunner(backend, jobs=[Note]))
    assert command.done("enqueue", "note", "--app", "application:runner").out == "1\n"
    assert backend.stats().total == 1


def test_what_an_application_prints_does_not_mix_with_the_id(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("talking.py").write_text(
        "from tests.test_command_lines import make_runner\nprint('hello')\nrunner = make_runner()"
    )
    outcome = command("enqueue", "note", "--app", "talking:runner", "--backend", "sqlite:///jobs.db")
    assert outcome == (0, "1\n", "hello\n")


def test_an_application_in_memory_would_lose_the_job(
    command: Command, application: Callable[[JobRunner], None]
) -> None:
    application(JobRunner(jobs=[Note]))
    outcome = command("enqueue", "note", "--app", "application:runner")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "lazyjobs: the runner at application:runner has memory://, which lives in one process only, so the job would "
        "end with this command; write --backend URL, such as sqlite:///jobs.db\n"
    )


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("application", "'application' names no runner; write package.module:runner"),
        ("nowhere:runner", "there is no module 'nowhere' in "),
        ("application:missing", "the module 'application' has no 'missing'"),
    ],
)
def test_an_application_that_is_not_there_is_named(
    target: str, complaint: str, command: Command, application: Callable[[JobRunner], None]
) -> None:
    application(JobRunner(jobs=[Note]))
    outcome = command("enqueue", "note", "--app", target, *IN_MEMORY)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"lazyjobs: {complaint}")


def test_a_backend_that_does_not_answer_has_a_code_of_its_own(
    command: Command, given: Callable[[object], None]
) -> None:
    def fail(_: str) -> None:
        raise BackendUnavailableError("no answer\n  from \x1b[2Jdb:5432; try again")

    given(PlainBackend(fail))
    for arguments in (["stats"], ["list"], ["enqueue", "note"]):
        outcome = command(*arguments, *IN_MEMORY)
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.remarks == "lazyjobs: no answer from \\x1b[2Jdb:5432; try again\n"


def test_a_payload_that_the_backend_cannot_store_is_a_wrong_command_line(
    command: Command, given: Callable[[object], None]
) -> None:
    def refuse(_: str) -> None:
        raise PayloadTooLargeError("note", 101, 100)

    given(PlainBackend(refuse))
    outcome = command("enqueue", "note", *IN_MEMORY)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.remarks.startswith(
        "lazyjobs: the payload of the 'note' job has 101 bytes and this backend stores at "
    )


def test_a_backend_that_cannot_prune_says_so_with_a_code_of_its_own(
    command: Command, given: Callable[[object], None]
) -> None:
    given(PlainBackend())
    for options in [], ["--dry-run"]:
        outcome = command("prune", "--older-than", "1d", *options, *IN_MEMORY)
        assert (outcome.code, outcome.out) == (4, "")
        assert outcome.remarks == (
            "lazyjobs: PlainBackend cannot delete finished records: it has no prune; lazyjobs backends lists what each "
            "backend can do\n"
        )


def test_what_was_deleted_before_a_failure_is_told(command: Command, given: Callable[[object], None]) -> None:
    class Failing(PlainBackend):
        def prune(self, params: PruneParams) -> int:
            self._announce("prune")
            if self.calls["prune"] == 3:
                raise BackendUnavailableError("no answer; try again")
            return params.limit

    given(Failing())
    outcome = command("prune", "--older-than", "1d", "--batch", "10", *IN_MEMORY)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.remarks == "lazyjobs: no answer; try again (20 records were deleted before)\n"


def test_an_opened_backend_is_closed_again(command: Command, given: Callable[[object], None]) -> None:
    class Closing(PlainBackend):
        def close(self) -> None:
            self._announce("close")

    backend = Closing()
    given(backend)
    command("stats", *IN_MEMORY)
    assert backend.calls["close"] == 1


def test_a_backend_whose_module_fails_is_no_traceback(command: Command) -> None:
    def fail(_: object) -> Backend:
        raise ModuleNotFoundError("No module named 'boto3'")

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(MemoryBackend, "from_url", fail)
        outcome = command("stats", *IN_MEMORY)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.remarks == (
        "lazyjobs: the backend for memory:// cannot be loaded: ModuleNotFoundError: No module named 'boto3'; "
        "lazyjobs backends lists what is installed\n"
    )


def test_the_documentation_has_every_exit_code() -> None:
    page = Path(__file__).parents[1].joinpath("docs", "command-line.md").read_text()
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == list(Exit)


def test_every_command_has_help(command: Command) -> None:
    for arguments in ([], ["worker"], ["stats"], ["list"], ["enqueue"], ["prune"], ["backends"]):
        outcome = command(*arguments, "--help")
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("usage: lazyjobs")
