"""URL: what a backend makes of the URL that opens it."""

import re
import traceback
from collections.abc import Callable, Iterator
from typing import cast

from lazyjobs import (
    Backend,
    BackendError,
    BackendURL,
    BackendURLError,
    InsertParams,
    LazyJobsError,
    ListOptions,
    SupportsClose,
    open_backend,
)
from lazyjobs_testkit.harness import SupportsURL
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import FUTURE

_OPENS = "Opens the backend; raises `BackendURLError` for each part that it has no use for or cannot understand."
_HOOK = "url_of"

CANARY = "kit-canary"
_USER = "kit-user"


class URLTests:
    @rule(
        "URL-01",
        "the URL opens the namespace",
        text=_OPENS,
        level=Level.CORE,
        cause="the path is taken with its slash, or the host for a name in lower case",
        hook=_HOOK,
        needs=("INS-01",),
    )
    def test_the_url_opens_the_namespace(self, bench: Bench) -> None:
        record = bench.insert(run_at=FUTURE)
        backend = open_by_url(bench, url_of(bench))
        try:
            shown = {each.id for each in backend.list(ListOptions(limit=None))}
        finally:
            close(backend)
        if not bench.traits.single_instance:
            assert record.id in shown, (
                f"opened by its URL, the namespace shows {shown or 'nothing'}, not record {record.id}"
            )

    @rule(
        "URL-02",
        "a user, a password or a port that the backend has no use for is refused, not ignored",
        text=_OPENS,
        level=Level.CORE,
        cause='from_url looks at host and path alone; url.check_absent("user", "password", "port", reason=…) refuses',
        hook=_HOOK,
        needs=("URL-01",),
    )
    def test_a_user_a_password_or_a_port_without_a_use_is_refused(self, bench: Bench) -> None:
        url = url_of(bench)
        # Who answers at a port may let anybody in, with any password; who has no place to ask has no use for either.
        asks = "port" not in variants(url) or isinstance(attempt(bench, variants(url)["port"]), BackendError)
        for part, text in variants(url).items():
            refused = attempt(bench, text)
            if refused is None and asks and part != "port":
                continue
            shown = BackendURL.mask(text)
            assert refused is not None, f"{shown} was opened as if it had no {part}"
            assert isinstance(refused, LazyJobsError), f"{shown} raised {type(refused).__name__}, no BackendURLError"

    @rule(
        "URL-03",
        "an option that the backend does not know is refused, not ignored",
        text="Raises `BackendURLError` for an option without a reader",
        level=Level.CORE,
        cause="url.options is looked into instead of being read by url.read_options(…)",
        hook=_HOOK,
        needs=("URL-01",),
    )
    def test_an_unknown_option_is_refused(self, bench: Bench) -> None:
        text = with_option(url_of(bench), "kit_unknown=1")
        refused = attempt(bench, text)
        shown = BackendURL.mask(text)
        assert refused is not None, f"{shown} was opened as if it had no option kit_unknown"
        assert isinstance(refused, BackendURLError), f"{shown} raised {type(refused).__name__}, no BackendURLError"

    @rule(
        "URL-04",
        "neither an error about the URL nor the backend's own texts tell the password",
        text="Nothing shows the password, nor an option that tells a secret",
        level=Level.CORE,
        cause="an error quotes what the driver was given, or what it said; url.conceal(text) takes the secrets out",
        hook=_HOOK,
        needs=("URL-01",),
    )
    def test_nothing_tells_the_password(self, bench: Bench) -> None:
        url = url_of(bench)
        secret = [text for part, text in variants(url).items() if part == "password"]
        texts = [*secret, *(with_option(text, "kit_unknown=1") for text in secret)]
        for text in [*texts, with_option(url, f"kit_token={CANARY}")]:
            told = attempt(bench, text, look=assert_untold)
            shown = BackendURL.mask(text)
            for place, words in () if told is None else told_by(told):
                assert CANARY not in words, f"what {shown} raised tells the password in its {place}"


def url_of(bench: Bench) -> str:
    """The URL of the namespace under test."""
    return cast(SupportsURL, bench.harness).url_of(bench.namespace)


def variants(url: str) -> dict[str, str]:
    """The URL with a part more, by that part's name; with none that it has already."""
    scheme, _, rest = url.partition("://")
    place = re.split("[/?]", rest, maxsplit=1)[0]
    parts = BackendURL.parse(url)
    found = {}
    if parts.user is None:
        found["user"] = f"{scheme}://{_USER}@{rest}"
        found["password"] = f"{scheme}://{_USER}:{CANARY}%2F%40%3A@{rest}"
    if parts.port is None:
        found["port"] = f"{scheme}://{place}:1{rest[len(place) :]}"
    return found


def with_option(url: str, option: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{option}"


def open_by_url(bench: Bench, text: str) -> Backend:
    """A handle, opened as `open_backend` does, by the class under test if it can."""
    opener: Callable[[BackendURL], Backend] | None = getattr(type(bench.raw()), "from_url", None)
    return open_backend(text) if opener is None else opener(BackendURL.parse(text))


def attempt(bench: Bench, text: str, look: Callable[[Backend], None] | None = None) -> Exception | None:
    """What opening and using a backend raises; `look` is given one that opens."""
    try:
        backend = open_by_url(bench, text)
    except Exception as error:
        return error
    try:
        if look is not None:
            look(backend)
        backend.insert(InsertParams(kind=KIND, run_at=FUTURE))
    except AssertionError:
        raise
    except Exception as error:
        return error
    finally:
        close(backend)
    return None


def assert_untold(backend: Backend) -> None:
    """Fails if the backend's own texts tell the password."""
    for place, words in (("repr", repr(backend)), ("str", str(backend))):
        assert CANARY not in words, f"the {place} of what was opened tells the password"


def close(backend: Backend) -> None:
    if isinstance(backend, SupportsClose):
        backend.close()


def told_by(error: BaseException) -> Iterator[tuple[str, str]]:
    """Every text that an error, and what it was caused by, shows."""
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        each = chain.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        name = "text" if each is error else f"cause, {type(each).__name__}"
        yield name, f"{each} {each!r} {each.args} {vars(each)}"
        chain += [each.__cause__, None if each.__suppress_context__ else each.__context__]
    yield "traceback", "".join(traceback.format_exception(error))
