"""What `manage.py check` says of TASKS, and what the rest says when nobody asked it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

import tests.support.django_setup  # noqa: F401 (before any task)
from lazyjobs.integrations.django import ConfigurationError, get_runner


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAZYJOBS_BACKEND", raising=False)
    monkeypatch.chdir(tmp_path)


def check(queues: tuple[str, ...] = ("default",), *, deploy: bool = False, **options: Any) -> list[tuple[str, str]]:
    """The ids and texts of our messages for an entry with these options."""
    entry = {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "QUEUES": list(queues), "OPTIONS": options}
    with override_settings(TASKS={"default": entry}):
        messages = run_checks(include_deployment_checks=deploy)
    return [(message.id, message.msg) for message in messages if message.id.startswith("lazyjobs.")]


@pytest.mark.parametrize("url", ["memory://", "sqlite:///jobs.db", "sqs+dynamodb://eu-west-1/shop"])
def test_a_good_entry_has_nothing_wrong_and_opens_nothing(url: str, tmp_path: Path) -> None:
    assert check(url=url) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("jobs.db", "a URL starts with a scheme and ://"),
        ("sqlite:///jobs.db?prefix", "options"),
        ("postgres://db/shop", "no backend is installed for the scheme 'postgres'"),
    ],
)
def test_a_bad_url_is_an_error(url: str, words: str) -> None:
    ((id, text),) = check(url=url)
    assert id == "lazyjobs.E002"
    assert text.startswith("TASKS['default']: ")
    assert words in text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://jobs.db", "for a file here write sqlite:///jobs.db"),
        ("sqlite:///jobs.db?colour=red", "option 'colour'"),
        ("memory://here", "means nothing to memory://"),
    ],
)
def test_with_debug_so_is_one_that_its_backend_does_not_understand(url: str, words: str) -> None:
    with override_settings(DEBUG=True):
        ((id, text),) = check(url=url)
    assert id == "lazyjobs.E002"
    assert words in text
    assert check(url=url) == [], "without DEBUG, nothing is opened"


def test_with_debug_a_storage_that_is_not_there_at_the_moment_is_no_error() -> None:
    with override_settings(DEBUG=True):
        assert check(url="sqlite:////dev/null/jobs.db") == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"urls": "memory://"}, "OPTIONS has no 'urls'; it has url, workers"),
        ({"alias": "x"}, "OPTIONS has no 'alias'"),
        ({"url": 5}, "url must be a str, not int"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"workers": "2"}, "workers must be an int"),
        ({"max_attempts": 0}, "max_attempts must be from 1"),
        ({"lease": 60}, "lease must be a timedelta"),
        ({"poll_interval": 60}, "poll_interval must be a timedelta"),
        ({"unknown_kind": "ignore"}, "unknown_kind must be"),
        ({"queues": ("two words",)}, "queue must be 1 to 100 characters"),
    ],
)
def test_a_wrong_option_is_an_error_and_is_raised_where_the_runner_is_used(options: Any, words: str) -> None:
    ((id, text),) = check(**options)
    assert id == "lazyjobs.E001"
    assert words in text


def test_a_wrong_option_is_raised_when_the_runner_is_asked_for() -> None:
    entry = {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "OPTIONS": {"urls": "memory://"}}
    with override_settings(TASKS={"default": entry}), pytest.raises(ConfigurationError, match="no 'urls'"):
        get_runner()


def test_nothing_configured_is_a_warning_unless_the_variable_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    ((id, text),) = check()
    assert id == "lazyjobs.W001"
    assert "each process keeps its own in memory" in text
    monkeypatch.setenv("LAZYJOBS_BACKEND", "memory://")
    assert check() == []
    monkeypatch.setenv("LAZYJOBS_BACKEND", "nonsense")
    assert [id for id, _ in check()] == ["lazyjobs.E002"]


@pytest.mark.parametrize(
    ("url", "id", "words"),
    [
        ("sqlite://jobs.db", "lazyjobs.E002", "for a file here write sqlite:///jobs.db"),
        ("sqlite:///jobs.db?colour=red", "lazyjobs.E002", "option 'colour'"),
        ("sqlite:////dev/null/jobs.db", "lazyjobs.E003", "its storage cannot be used"),
    ],
)
def test_a_check_of_the_deployment_opens_the_storage(url: str, id: str, words: str) -> None:
    ((found, text),) = check(deploy=True, url=url)
    assert found == id
    assert words in text


def test_a_check_of_the_deployment_has_nothing_to_say_of_a_storage_that_works(tmp_path: Path) -> None:
    assert check(deploy=True, url=f"sqlite:///{tmp_path}/jobs.db") == []
