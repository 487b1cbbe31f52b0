"""The log of a real worker process: its formats, its beginning, and an application's own set-up."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.waiting import GENEROUS

ROOT = Path(__file__).parents[1]
TIMEOUT = GENEROUS.total_seconds()

APPLICATION = r"""
import logging
from lazyjobs import BaseJob, JobRunner, DiscardParams

log = logging.getLogger("shop")


class Failing(BaseJob):
    kind = "failing"
    job_max_attempts = 1

    def work(self):
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("the shop's own trouble", extra={"order": 7})
        log.debug("a detail")
        raise ValueError("no\nINFO fake")


class Huge(BaseJob):
    kind = "huge"
    job_max_attempts = 1

    def work(self):
        raise ValueError("x" * (64 << 20))


class Report(BaseJob):
    kind = "report"
    job_queue = "reports"

    def work(self): ...


runner = JobRunner("memory://", jobs=[Failing, Huge, Report], workers=2)
"""
FAILING = "runner.enqueue(Failing())\n"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Drains with an application that goes on like that; gives the log."""

    def run(*options: str, then: str = "", code: int = 0, **environment: str) -> str:
        (tmp_path / "app.py").write_text(APPLICATION + then)
        made = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path))), **environment}
        worker = subprocess.run(
            [sys.executable, "-m", "lazyjobs", "worker", "app:runner", "--drain", *options],
            cwd=tmp_path,
            env=made,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert worker.returncode == code, worker.stderr
        return worker.stderr

    return run


def test_tracebacks_of_jobs_and_of_the_application_are_in_the_log(run: Run) -> None:
    log = run(then=FAILING)
    assert "    ZeroDivisionError: division by zero\n" in log
    assert "    ValueError: no\n    INFO fake\n" in log
    assert "a detail" not in log


def test_verbose_logs_details_too(run: Run) -> None:
    assert " DEBUG a detail\n" in run("--verbose", then=FAILING)


def test_the_format_line_has_a_line_a_record(run: Run) -> None:
    lines = run("--log-format", "line", then=FAILING).splitlines()
    assert all(line.startswith("20") for line in lines)
    assert [r"\nZeroDivisionError: division by zero" in line for line in lines].count(True) == 1


def test_the_format_json_has_the_fields_of_jobs_and_extras(run: Run) -> None:
    records = [json.loads(line) for line in run("--log-format", "json", then=FAILING).splitlines()]
    (own,) = [record for record in records if record["logger"] == "shop"]
    assert (own["level"], own["message"], own["order"]) == ("ERROR", "the shop's own trouble", 7)
    (job,) = [record for record in records if record["logger"] == "lazyjobs.jobs"]
    assert (job["job_kind"], job["job_outcome"], job["job_attempt"], job["job_id"]) == ("failing", "discarded", 1, 1)
    assert job["exception"].endswith("ValueError: no\nINFO fake")
    assert "otelTraceID" not in job


def test_the_format_json_has_the_span_with_telemetry_on(run: Run) -> None:
    then = (
        "from opentelemetry import trace\nfrom opentelemetry.sdk.trace import TracerProvider\n"
        f"trace.set_tracer_provider(TracerProvider())\n{FAILING}"
    )
    records = [json.loads(line) for line in run("--log-format", "json", "--telemetry", then=then).splitlines()]
    (own,) = [record for record in records if record["logger"] == "shop"]
    assert len(own["otelTraceID"]) == 32


def test_an_error_of_64_mib_is_cut(run: Run) -> None:
    log = run(then="runner.enqueue(Huge())\n")
    assert "huge discarded" in log
    assert len(log) < 200_000


def test_it_says_what_it_will_do(run: Run) -> None:
    log = run("--backend", "sqlite:///jobs.db", "--workers", "3")
    assert " INFO running failing, huge, report; on sqlite:///jobs.db, queues: default, reports, workers: 3\n" in log
    assert "WARNING" not in log


def test_it_names_only_the_kinds_of_the_queues_that_it_watches(run: Run) -> None:
    log = run("--backend", "sqlite:///jobs.db", "--queue", "reports")
    assert " INFO running report; on sqlite:///jobs.db, queues: reports, workers: 2\n" in log


def test_the_secrets_of_a_url_are_masked(run: Run) -> None:
    log = run("--backend", "sqlite:///jobs.db?password=hidden", code=2)
    assert "hidden" not in log


def test_memory_is_warned_of(run: Run) -> None:
    assert " WARNING memory:// is in this process only: " in run()
    given = "from lazyjobs_memory import MemoryBackend\nrunner.configure(backend=MemoryBackend())\n"
    assert " WARNING memory:// is in this process only: " in run(then=given)


def test_a_queue_without_jobs_and_records_is_warned_of(run: Run) -> None:
    options = ("--backend", "sqlite:///jobs.db", "--queue")
    assert " WARNING the queue reprots has no records, and no job of this runner: " in run(*options, "reprots")
    assert "WARNING" not in run(*options, "reports")
    enqueued = "runner.configure(backend='sqlite:///jobs.db')\nrunner.enqueue(Report(), queue='bulk')\n"
    run("--queue", "default", then=enqueued)
    assert "WARNING" not in run(*options, "bulk")


@pytest.mark.parametrize(
    "configuration",
    [
        {"version": 1},
        {"version": 1, "root": {"level": "WARNING"}},
        {"version": 1, "handlers": {"nowhere": {"class": "logging.NullHandler"}}, "root": {"handlers": ["nowhere"]}},
    ],
)
def test_a_configuration_that_disables_what_it_does_not_name_does_not_silence_it(
    run: Run, configuration: dict[str, object]
) -> None:
    log = run(then=f"import logging.config\nlogging.config.dictConfig({configuration!r})\n{FAILING}")
    assert " INFO running failing, " in log
    assert " ERROR failing discarded id=1 " in log


def test_handlers_of_an_application_take_the_log_by_its_levels(run: Run) -> None:
    configuration = {
        "version": 1,
        "formatters": {"mine": {"format": "mine: %(levelname)s %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "mine"}},
        "root": {"handlers": ["console"], "level": "ERROR"},
    }
    log = run(then=f"import logging.config\nlogging.config.dictConfig({configuration!r})\n{FAILING}")
    assert log.startswith("mine: ERROR failing discarded id=1 ") or "mine: ERROR the shop's own trouble" in log
    assert "INFO running" not in log


def test_handlers_for_lazyjobs_alone_get_every_record_once(run: Run) -> None:
    configuration = {
        "version": 1,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "loggers": {"lazyjobs": {"handlers": ["console"], "level": "INFO"}},
    }
    log = run(then=f"import logging.config\nlogging.config.dictConfig({configuration!r})\n{FAILING}")
    assert log.count("failing discarded id=1 ") == 1
    assert log.count("running failing, ") == 1
