"""Secrets in backend URLs: who asks for them gets them, and nothing shows them, however the URL is written."""

import copy
import logging
import pickle
import traceback
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyjobs import BackendURL, BackendURLError, LazyJobsError, UnknownBackendError, open_backend
from tests.support import strategies as drawn

CANARY = "canary"

RIGHT = [
    "pg://user:canary@db",
    "pg://user:canary@db:5432/jobs?mode=fast",
    "pg://:canary@",
    "pg://user:9%2Fcanary%3F%23%40@db/a",
    "pg://user:p@canary@[::1]:5432/a",
    "pg://db?password=canary",
    "pg://db?PassWD=canary&mode=fast",
    "pg://db?pass%77ord=canary",
    "pg://db?client_secret=canary",
    "pg://db?api-key=canary&token=canary",
    "pg://db?SSLPASSWORD=canary",
    "sqs+dynamodb://eu/jobs?endpoint_url=http://user:canary@localhost",
    "sqs+dynamodb://eu/jobs?endpoint_url=http%3A%2F%2Fuser%3Acanary%40localhost",
    "pg://db?dsn=host%3Ddb+password%3Dcanary",
    "pg://db?dsn=host%253Ddb+password%253Dcanary",
]
WRONG = [
    "user:canary@db",
    "pg:user:canary@db",
    "pg:/user:canary@db/jobs",
    "pg//user:canary@db",
    "pg:user:canary",
    "canary@db",
    "://user:canary@db",
    "p g://user:canary@db",
    "user:canary@db://jobs",
    "pg://user:canary@db:none",
    "pg://user:canary@db:70000",
    "pg://user:canary@db:0",
    "pg://user:canary@db:",
    "pg://user:canary",
    "pg://user:canary/jobs",
    "pg://user:9/canary@db",
    "pg://user:canary/9@db",
    "pg://user:9?canary@db",
    "pg://user:9?a=canary@db",
    "pg://user:9?canary=1&canary=2@db",
    "pg://user:9#canary@db",
    "pg://user:a@b/canary@db",
    "pg://user:canary@db#top",
    "pg://user:canary@[::1",
    "pg://user:canary@::1",
    "pg://user:canary@db[1]",
    "pg://user:canary%ff@db",
    "pg://user:canary@%ff",
    "pg://user:canary@db/%ff",
    "pg://user:canary@db?a=%ff",
    "pg://user:canary@db?a",
    "pg://user:canary@db?a=1&a=2",
    "pg://user@db:canary/jobs",
    "pg://[::1]:canary/jobs",
    "pg:jobs?password=canary",
    "pg:jobs;token=canary",
    "pg://db?password:canary",
    "pg://db?password%3Dcanary",
    "pg://db?password=%ffcanary",
    "pg://db?password=canary&password=canary",
    "pg://db?password=canary#top",
    "pg://db#password=canary",
    "pg://db:x?password=canary",
]


def shown(error: BaseException) -> str:
    """All that a log, a report or a debugger's first look tells of an error."""
    told = [str(error), repr(error), str(error.args), str(vars(error)), *traceback.format_exception(error)]
    told += [shown(cause) for cause in (error.__cause__, error.__context__) if cause is not None]
    record = logging.LogRecord("lazyjobs", logging.ERROR, "", 0, "%s", (error,), (type(error), error, None))
    return "\n".join([*told, record.getMessage(), str(pickle.dumps(error))])


def refuse_all(text: str) -> int:
    raise ValueError(f"cannot use {text!r}")


@pytest.mark.parametrize("text", RIGHT)
def test_a_url_shows_no_secret(text: str) -> None:
    url = BackendURL.parse(text)
    for told in (str(url), repr(url), f"{url}", url.text, str(url.options), BackendURL.mask(text), str(url.path)):
        assert CANARY not in told
    assert "***" in str(url)
    with pytest.raises(TypeError):
        msgspec.json.encode(url)


@pytest.mark.parametrize("text", RIGHT)
def test_a_secret_is_given_to_who_asks_for_it(text: str) -> None:
    url = BackendURL.parse(text)
    values = url.read_options(**dict.fromkeys(url.options, str))
    assert CANARY in f"{url.password} {list(values.values())}"


@pytest.mark.parametrize("text", RIGHT)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda url: pickle.loads(pickle.dumps(url))])
def test_a_copied_or_pickled_url_keeps_its_secrets(text: str, copied: Callable[[BackendURL], BackendURL]) -> None:
    url = BackendURL.parse(text)
    other = copied(url)
    assert other == url
    assert hash(other) == hash(url)
    assert other.password == url.password
    assert other.read_options(**dict.fromkeys(url.options, str)) == url.read_options(**dict.fromkeys(url.options, str))


@pytest.mark.parametrize("text", RIGHT)
def test_what_a_backend_says_of_a_url_shows_no_secret(text: str) -> None:
    url = BackendURL.parse(text)
    errors: list[LazyJobsError] = [url.refuse("host", f"not {url.password!r}"), BackendURLError(text, "host", "no")]
    for readers in ({}, dict.fromkeys(url.options, refuse_all)):
        with suppress(LazyJobsError):
            try:
                url.read_options(**readers)
            except LazyJobsError as error:
                errors.append(error)
                raise
    with pytest.raises(UnknownBackendError) as unknown:
        open_backend(text.replace("sqs+dynamodb", "pg"))
    assert CANARY not in "".join(map(shown, [*errors, unknown.value]))


@pytest.mark.parametrize("text", WRONG)
def test_a_url_that_is_refused_shows_no_secret_either(text: str) -> None:
    with pytest.raises(BackendURLError) as refused:
        open_backend(text)
    assert CANARY not in shown(refused.value)
    assert "***" in refused.value.url
    assert CANARY not in BackendURL.mask(text)


@pytest.mark.parametrize("text", [*RIGHT, *WRONG])
def test_a_masked_url_opens_nothing(text: str) -> None:
    masked = BackendURL.mask(text)
    with pytest.raises(BackendURLError):
        BackendURL.parse(masked)
    assert BackendURL.mask(masked) == masked


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("pg://user:***@db", "password"),
        ("pg://db?password=***", "option 'password'"),
        ("sqs+dynamodb://eu/jobs?endpoint_url=***", "option 'endpoint_url'"),
    ],
)
def test_a_url_with_three_stars_for_a_secret_is_refused(text: str, part: str) -> None:
    with pytest.raises(BackendURLError, match=r"\*\*\* stands for one that is not shown; pass the URL as it was given"):
        BackendURL.parse(text)
    with pytest.raises(BackendURLError) as refused:
        BackendURL.parse(text)
    assert refused.value.part == part


def test_a_password_of_three_stars_can_be_written() -> None:
    url = BackendURL.parse("pg://user:%2A%2A%2A@db")
    assert url.password == "***"
    assert pickle.loads(pickle.dumps(url)) == url


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("pg://user:canary@db:5432/a?b=c", "pg://user:***@db:5432/a?b=c"),
        ("pg://user@db/a?b=c&token=d", "pg://user@db/a?b=c&token=***"),
        ("sqlite:///home/me@work.db", "sqlite:///home/me@work.db"),
        ("sqlite:/jobs.db", "sqlite:/jobs.db"),
        ("jobs.db", "jobs.db"),
        ("redis", "redis"),
        ("", ""),
        ("pg:user:canary@db", "pg:***@db"),
        ("pg://user:9/canary@db", "pg://user:***@db"),
        ("pg://user:canary", "pg://user:***"),
    ],
)
def test_what_is_no_secret_is_shown(text: str, masked: str) -> None:
    assert BackendURL.mask(text) == masked


@drawn.random
@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))
def test_any_user_and_password_can_be_written_in_percent_encoding(password: str, user: str) -> None:
    url = BackendURL.parse(f"pg://{quote(user, safe='')}:{quote(password, safe='')}@[::1]:5432/jobs")
    assert (url.user, url.password, url.host, url.port, url.path) == (user, password, "::1", 5432, "/jobs")
    assert str(url) == f"pg://{quote(user, safe='')}:***@[::1]:5432/jobs"


@drawn.random
@given(st.text(":/?#&=%@[]9a", max_size=14), st.text(":/?#&=%@[]9a", max_size=6))
def test_however_a_password_is_written_no_error_tells_it(lead: str, rest: str) -> None:
    text = f"pg://user:{lead}{CANARY}@{rest}"
    told = ""
    try:
        url = BackendURL.parse(text)
    except BackendURLError as error:
        told = shown(error)
    else:
        assert CANARY in str(url.password)
        told = f"{url} {url!r} {url.options} {url.host} {url.path}"
    assert CANARY not in told


@drawn.random
@given(st.text() | st.text(":/?#&=%@[]9a*", max_size=12) | st.text(":/?#&=%@[]9*", max_size=12).map("a://".__add__))
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    masked = BackendURL.mask(text)
    assert BackendURL.mask(masked) == masked


@pytest.mark.parametrize("text", [b"pg://user:canary@db", None, 5])
def test_what_is_no_text_is_no_url(text: object) -> None:
    with pytest.raises(TypeError, match=f"^the URL must be a str, not {type(text).__name__}$") as refused:
        open_backend(text)  # type: ignore[arg-type]
    assert CANARY not in shown(refused.value)


def test_an_unknown_scheme_shows_no_secret() -> None:
    assert CANARY not in shown(UnknownBackendError("user:canary@db", (), "write one"))


def test_a_url_cannot_be_changed() -> None:
    url = BackendURL.parse("pg://db?a=b")
    with pytest.raises(AttributeError, match="cannot be changed: host"):
        url.host = "other"
    with pytest.raises(AttributeError):
        del url.host
    with pytest.raises(TypeError):
        url.options["a"] = "c"  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "part"),
    [("pg://user:canary@db", "user"), ("pg://:canary@", "user"), ("pg://db:1", "port"), ("pg://db", "host")],
)
def test_a_part_that_a_backend_has_no_use_for_is_refused_by_name(text: str, part: str) -> None:
    url = BackendURL.parse(text)
    with pytest.raises(BackendURLError, match=f": {part}: none is asked for$") as refused:
        url.check_absent("user", "password", "port", "host", "path", reason="none is asked for")
    assert refused.value.part == part
    assert CANARY not in shown(refused.value)


def test_a_part_that_is_absent_is_not_refused() -> None:
    BackendURL.parse("pg://?a=b").check_absent("user", "password", "port", "host", "path", reason="none is asked for")
