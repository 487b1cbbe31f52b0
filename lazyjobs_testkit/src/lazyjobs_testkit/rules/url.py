"""What a backend makes of the URL that opens it."""

from lazyjobs_testkit.rules._rule import Level, Rule

_OPENS = "Opens the backend; raises `BackendURLError` for each part that it has no use for or cannot understand."
_HOOK = "url_of"

RULES = (
    Rule(
        id="URL-01",
        title="the URL opens the namespace",
        text=_OPENS,
        level=Level.CORE,
        cause="the path is taken with its slash, or the host for a name in lower case",
        needs=("INS-01",),
        hook=_HOOK,
    ),
    Rule(
        id="URL-02",
        title="a user, a password or a port that the backend has no use for is refused, not ignored",
        text=_OPENS,
        level=Level.CORE,
        cause='from_url looks at host and path alone; url.check_absent("user", "password", "port", reason=…) refuses',
        needs=("URL-01",),
        hook=_HOOK,
    ),
    Rule(
        id="URL-03",
        title="an option that the backend does not know is refused, not ignored",
        text="Raises `BackendURLError` for an option without a reader",
        level=Level.CORE,
        cause="url.options is looked into instead of being read by url.read_options(…)",
        needs=("URL-01",),
        hook=_HOOK,
    ),
    Rule(
        id="URL-04",
        title="neither an error about the URL nor the backend's own texts tell the password",
        text="Nothing shows the password, nor an option that tells a secret",
        level=Level.CORE,
        cause="an error quotes what the driver was given, or what it said; url.conceal(text) takes the secrets out",
        needs=("URL-01",),
        hook=_HOOK,
    ),
)
