"""Where the extras are absent, or not asked for, nothing of them is imported and all else works."""

import subprocess
import sys
from pathlib import Path

import pytest

ABSENT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"opentelemetry", "prometheus_client", "starlette"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""
APPLICATION = """
from lazyjobs import BaseJob, JobRunner

class Quick(BaseJob):
    kind = "quick"
    def work(self): print("ran", flush=True)

runner = JobRunner("memory://", jobs=[Quick])
runner.enqueue(Quick())
"""
WORK = "from lazyjobs.cli import main; code = main(sys.argv[1:]); "
REPORT = 'print(*sorted({name.partition(".")[0] for name in sys.modules})); sys.exit(code)'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APPLICATION)
    return tmp_path


def run(home: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=home, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_worker_that_is_not_asked_to_imports_no_telemetry(home: Path) -> None:
    options = ("worker", "app:runner", "--drain", "--control", "127.0.0.1:0")
    done = run(home, f"import sys; {WORK}{REPORT}", *options)
    assert done.returncode == 0, done.stderr
    ran, modules = done.stdout.splitlines()
    assert ran == "ran"
    assert {"lazyjobs", "msgspec"} <= set(modules.split())
    assert not {"opentelemetry", "prometheus_client", "starlette"} & set(modules.split())


def test_the_extra_for_spans_brings_neither_the_sdk_nor_prometheus(home: Path) -> None:
    program = f'import sys; {WORK}print("opentelemetry.sdk" in sys.modules, "prometheus_client" in sys.modules)'
    done = run(home, program, "worker", "app:runner", "--drain", "--telemetry")
    assert done.stdout.splitlines() == ["ran", "False False"], done.stderr


def test_without_the_extras_a_worker_works(home: Path) -> None:
    done = run(home, f"{ABSENT}\n{WORK}sys.exit(code)", "worker", "app:runner", "--drain", "--control", "127.0.0.1:0")
    assert (done.returncode, done.stdout) == (0, "ran\n"), done.stderr


@pytest.mark.parametrize(
    ("option", "extra", "more"),
    [("--telemetry", "opentelemetry", []), ("--prometheus", "prometheus", ["--control", "127.0.0.1:0"])],
)
def test_an_option_whose_extra_is_absent_says_what_to_install(
    home: Path, option: str, extra: str, more: list[str]
) -> None:
    done = run(home, f"{ABSENT}\n{WORK}sys.exit(code)", "worker", "app:runner", "--drain", option, *more)
    message = f'{option} needs opentelemetry, which is not installed; pip install "lazyjobs[{extra}]"'
    assert (done.returncode, done.stderr) == (2, f"lazyjobs: {message}\n")


def test_so_does_the_control_plane(home: Path) -> None:
    url, listen = f"sqlite:///{home}/jobs.db", "127.0.0.1:0"
    program = f"{ABSENT}\n{WORK}sys.exit(code)"
    done = run(home, program, "control", "--backend", url, "--listen", listen, "--prometheus")
    message = '--prometheus needs opentelemetry, which is not installed; pip install "lazyjobs[prometheus]"'
    assert (done.returncode, done.stderr) == (2, f"lazyjobs: {message}\n")


def test_metrics_for_prometheus_need_a_place_to_be_served(home: Path) -> None:
    done = run(home, f"import sys; {WORK}sys.exit(code)", "worker", "app:runner", "--drain", "--prometheus")
    message = "--prometheus serves GET /metrics where --control says; add --control HOST:PORT"
    assert (done.returncode, done.stderr) == (2, f"lazyjobs: {message}\n")


def test_a_worker_without_the_extras_reads_jobs_that_carry_a_trace(home: Path) -> None:
    program = f"""{ABSENT}
from lazyjobs import InsertParams
import app
payload = b'{{"@traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}'
app.runner.backend.insert(InsertParams(kind="quick", payload=payload))
app.runner.drain()
print(dict(app.runner.backend.stats().by_state))
"""
    done = run(home, program)
    assert done.stdout.splitlines()[:2] == ["ran", "ran"], done.stderr
    assert "SUCCEEDED" in done.stdout
