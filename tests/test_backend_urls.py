"""Backend URLs: their parts, their options, and the backend that an installed distribution offers for the scheme."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyjobs import BackendURL, BackendURLError, UnknownBackendError, open_backend
from lazyjobs_memory import MemoryBackend
from tests.support import strategies as drawn

encodable = st.text(st.characters(codec="utf-8"), max_size=20)


class ShelfBackend(MemoryBackend):
    """A backend of another distribution; it remembers the URL that opened it."""

    url: BackendURL

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        if url.host:
            raise url.refuse("host", "a shelf is always here")
        backend = cls()
        backend.url = url
        return backend


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a distribution that offers a backend for a scheme."""

    def install(scheme: str, value: str) -> None:
        info = tmp_path / "shelf-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[lazyjobs.backends]\n{scheme} = {value}\n")
        monkeypatch.syspath_prepend(tmp_path)

    return install


def refuse(text: str) -> BackendURLError:
    with pytest.raises(BackendURLError) as caught:
        BackendURL.parse(text)
    assert caught.value.url == BackendURL.mask(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "scheme", "host", "path"),
    [
        ("memory://", "memory", "", ""),
        ("sqlite:///relative.db", "sqlite", "", "/relative.db"),
        ("sqlite:////absolute.db", "sqlite", "", "//absolute.db"),
        ("sqs+dynamodb://eu-west-1/jobs", "sqs+dynamodb", "eu-west-1", "/jobs"),
        ("pg://user:word@db:5432/a/b", "pg", "db", "/a/b"),
        ("pg://[fe80::1%25eth0]/a", "pg", "fe80::1%eth0", "/a"),
        ("pg://%2Fvar%2Frun%3A1/a", "pg", "/var/run:1", "/a"),
        ("MEMORY://Host/Path", "memory", "Host", "/Path"),
        ("a://b%2Fc/d%3Fe%23%25%C3%A9", "a", "b/c", "/d?e#%é"),
        ("a://b?c=d", "a", "b", ""),
        ("a:///b://c", "a", "", "/b://c"),
    ],
)
def test_a_url_has_a_scheme_a_host_and_a_path(text: str, scheme: str, host: str, path: str) -> None:
    url = BackendURL.parse(text)
    assert (url.scheme, url.host, url.path) == (scheme, host, path)
    assert str(url) == text.replace(":word@", ":***@")


@pytest.mark.parametrize(
    ("place", "user", "password", "host", "port"),
    [
        ("", None, None, "", None),
        ("db", None, None, "db", None),
        ("db:1", None, None, "db", 1),
        (":65535", None, None, "", 65535),
        ("@db", "", None, "db", None),
        ("user@db:5432", "user", None, "db", 5432),
        ("user:@db", "user", "", "db", None),
        (":@", "", "", "", None),
        ("u%3As:a:b@c@db", "u:s", "a:b@c", "db", None),
        ("u:%40%3A%2F%25%3F%23@db", "u", "@:/%?#", "db", None),
        ("[::1]", None, None, "::1", None),
        ("u:]@[::1]:80", "u", "]", "::1", 80),
    ],
)
@pytest.mark.parametrize("behind", ["", "/a", "?a=b", "/a:b?c=d"])
def test_a_place_has_a_user_a_password_a_host_and_a_port(
    place: str, user: str | None, password: str | None, host: str, port: int | None, behind: str
) -> None:
    url = BackendURL.parse(f"pg://{place}{behind}")
    assert (url.user, url.password, url.host, url.port) == (user, password, host, port)


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {}),
        ("?", {}),
        ("?a=1", {"a": "1"}),
        ("?a=1&b=two+words&c=%26%3D", {"a": "1", "b": "two words", "c": "&="}),
        ("?a=", {"a": ""}),
        ("?a=b=c", {"a": "b=c"}),
        ("?a=/x?y", {"a": "/x?y"}),
    ],
)
def test_options_follow_the_question_mark(query: str, options: dict[str, str]) -> None:
    assert BackendURL.parse(f"a://host/path{query}").options == options


@drawn.random
@given(encodable, encodable, st.dictionaries(encodable, encodable, max_size=4))
def test_every_part_can_hold_any_text_in_percent_encoding(host: str, path: str, options: dict[str, str]) -> None:
    url = BackendURL.parse(f"a://{quote(host, safe='')}/{quote(path)}?{urlencode(options)}")
    assert (url.host, url.path, url.options.keys()) == (host, f"/{path}", options.keys())
    assert url.read_options(**dict.fromkeys(options, str)) == options  # which gives out secrets too


@drawn.random
@given(st.text() | st.text(":/?#&=%a", max_size=12).map("a://".__add__))
def test_any_text_is_a_url_or_refused_as_one(text: str) -> None:
    with suppress(BackendURLError):
        assert str(BackendURL.parse(text)) == BackendURL.mask(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "scheme"),
        ("memory", "scheme"),
        ("memory:", "scheme"),
        ("jobs.db", "scheme"),
        ("sqlite:/jobs.db", "scheme"),
        ("://host", "scheme"),
        ("a b://host", "scheme"),
        ("a://b:c", "port"),
        ("a://b:", "port"),
        ("a://b:0", "port"),
        ("a://b:65536", "port"),
        ("a://b:-1", "port"),
        ("a://b:\N{ARABIC-INDIC DIGIT ONE}", "port"),
        ("a://[::1]:x", "port"),
        ("a://[::1", "host"),
        ("a://[::1]x", "host"),
        ("a://x[::1]", "host"),
        ("a://::1", "host"),
        ("a://b:1/c@d", "host"),
        ("a://%ff@b", "user"),
        ("a://b:%ff@c", "password"),
        ("a://host#top", "fragment"),
        ("a://?b=c#top", "fragment"),
        ("a://%ff", "host"),
        ("a:///%c3", "path"),
        ("a://?b", "options"),
        ("a://?b=1&", "options"),
        ("a://?b=1&&c=2", "options"),
        ("a://?b=%ff", "options"),
        ("a://?b=1&b=2", "option 'b'"),
        ("a://?b=1&b=1", "option 'b'"),
    ],
)
def test_a_url_that_means_nothing_is_refused_by_its_part(text: str, part: str) -> None:
    assert refuse(text).part == part


def test_a_refusal_says_how_to_write_it() -> None:
    assert "such as memory://" in str(refuse("memory"))
    assert "write %23 for a #" in str(refuse("a://b#c"))
    assert "write name=value" in str(refuse("a://?b"))


def test_options_are_read_by_the_reader_of_their_name() -> None:
    url = BackendURL.parse("a://?size=5&name=x")
    assert url.read_options(size=int, name=str, other=int) == {"size": 5, "name": "x"}


@pytest.mark.parametrize(("readers", "known"), [({"name": str, "size": int}, "name, size"), ({}, "none")])
def test_an_option_without_a_reader_is_refused_with_those_that_have_one(
    readers: dict[str, Callable[[str], object]], known: str
) -> None:
    with pytest.raises(BackendURLError, match=f"option 'sise': unknown; a:// knows: {known}$") as caught:
        BackendURL.parse("a://?sise=5").read_options(**readers)
    assert caught.value.part == "option 'sise'"


def test_an_option_that_its_reader_refuses_is_named_with_the_reason() -> None:
    with pytest.raises(BackendURLError, match=r"option 'size': invalid literal for int\(\).*'many'") as caught:
        BackendURL.parse("a://?size=many").read_options(size=int)
    assert caught.value.part == "option 'size'"
    assert isinstance(caught.value.__cause__, ValueError)


def test_the_scheme_finds_the_class_that_a_distribution_offers(install: Callable[[str, str], None]) -> None:
    install("shelf", f"{__name__}:ShelfBackend")
    backend = open_backend("Shelf:///books?size=5")
    assert isinstance(backend, ShelfBackend)
    assert (backend.url.path, backend.url.options) == ("/books", {"size": "5"})
    assert backend.stats().total == 0


def test_a_part_that_the_backend_refuses_is_named(install: Callable[[str, str], None]) -> None:
    install("shelf", f"{__name__}:ShelfBackend")
    with pytest.raises(BackendURLError, match=r"'shelf://there': host: a shelf is always here$"):
        open_backend("shelf://there")


def test_a_distribution_that_cannot_be_imported_says_so(install: Callable[[str, str], None]) -> None:
    install("shelf", "no_such_module_anywhere:Backend")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        open_backend("shelf://")


def test_an_unknown_scheme_names_what_is_installed(install: Callable[[str, str], None]) -> None:
    install("shelf", f"{__name__}:ShelfBackend")
    with pytest.raises(UnknownBackendError, match=r"'shelve'.*install the distribution that offers it$") as caught:
        open_backend("shelve://")
    assert caught.value.scheme == "shelve"
    assert {"memory", "shelf"} <= set(caught.value.installed)
    assert caught.value.installed == tuple(sorted(caught.value.installed))


@pytest.mark.parametrize(
    ("scheme", "distribution"),
    [("memory", "lazyjobs-memory"), ("sqlite", "lazyjobs-sqlite"), ("sqs+dynamodb", "lazyjobs-aws")],
)
def test_a_scheme_that_is_known_but_not_installed_names_what_to_install(
    scheme: str, distribution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(UnknownBackendError, match=rf"\(installed: none\); pip install {distribution}$"):
        open_backend(f"{scheme}://")
