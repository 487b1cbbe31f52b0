"""Who is let in: the token, host names, and requests that another site has a browser send."""

import logging
from base64 import b64encode

import pytest

from lazyjobs.control._plane import ControlPlane
from lazyjobs.control._token import Token
from tests.support.control import TOKEN, ask, make_discarded, make_runner


def basic(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.mark.parametrize("path", ["/jobs", "/jobs/1/requeue", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_without_the_token_nothing_is_answered_but_what_is_needed(path: str, method: str) -> None:
    answer = ask(ControlPlane(make_runner(), page=True, token=TOKEN), path, method=method)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="lazyjobs", charset="UTF-8"'
    assert answer.body.startswith(b"the token is needed")


@pytest.mark.parametrize(
    "authorization",
    [f"Bearer {TOKEN}", f"bearer  {TOKEN} ", basic(f"anybody:{TOKEN}"), basic(f":{TOKEN}")],
)
def test_the_token_is_taken_as_a_bearer_or_as_the_password_of_any_user(authorization: str) -> None:
    assert ask(ControlPlane(make_runner(), token=TOKEN), authorization=authorization).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        TOKEN,
        f"Digest {TOKEN}",
        basic(TOKEN),
        basic(f"{TOKEN}:"),
        basic(f"user:{TOKEN}:"),
        "Basic ???",
        "Basic " + b64encode(b"user:\xff\xfe").decode(),
        "Bearer \udcff",
    ],
)
def test_anything_else_is_refused(authorization: str) -> None:
    assert ask(ControlPlane(make_runner(), token=TOKEN), authorization=authorization).status == 401


@pytest.mark.parametrize(
    "text", ["", "too short", "fifteen-letters", "with spaces in between", "größe" * 5, "a\n" * 20]
)
def test_a_token_that_cannot_be_sent_or_is_easily_guessed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="16 to 1000 visible ASCII characters") as raised:
        ControlPlane(make_runner(), token=text)
    assert not text or text not in str(raised.value)


def test_the_token_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    plane = ControlPlane(make_runner(), page=True, token=TOKEN)
    answers = [
        ask(plane, accept="text/html", authorization=f"Bearer {TOKEN}"),
        ask(plane, authorization=f"Bearer {TOKEN}"),
        ask(plane, authorization=f"Bearer {TOKEN}x"),
    ]
    assert not [answer for answer in answers if TOKEN.encode() in answer.body]
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(Token(TOKEN))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("ops.example.org", 421),
        ("localhost.ops.example.org", 421),
        ("localhost@ops.example.org", 421),
        ("127.0.0.1.ops.example.org:8000", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_another_host_name_is_refused_where_they_are_limited(host: str, status: int) -> None:
    plane = ControlPlane(make_runner(), hosts=["localhost", "127.0.0.1", "::1"])
    assert ask(plane, host=host).status == status


def test_who_names_no_host_is_no_browser() -> None:
    assert ask(ControlPlane(make_runner(), hosts=["localhost"])).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"sec_fetch_site": "same-origin"}, 201),
        ({"sec_fetch_site": "same-origin", "origin": "https://ops.example.org"}, 201),
        ({"origin": "http://ops.example.org:8000"}, 201),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "none"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://ops.example.org"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://["}, 403),
    ],
)
def test_a_page_of_another_site_can_requeue_nothing(headers: dict[str, str], status: int) -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    plane = ControlPlane(runner, page=True)
    path = f"/jobs/{discarded.id}/requeue"
    assert ask(plane, path, method="POST", host="ops.example.org:8000", **headers).status == status
    assert runner.backend.stats().total == (4 if status == 201 else 3)
