"""What complete, retry and discard make of a claimed record."""

from lazyjobs_testkit.rules._rule import Level, Rule

_COMPLETE = "Moves the claimed record to succeeded and ends its lease; `last_error` stays."
_RETRY = "Moves the claimed record to retrying, due at `params.run_at` (None: the clock's now), and ends its lease."
_DISCARD = "Moves the claimed record to discarded, for good, with `params.last_error`, and ends its lease."
_REPEAT = (
    "A record that already is succeeded at that attempt is left as it is, so that the caller may ask again after a "
    "lost answer. … repeating (here: retrying at that attempt, whatever the other arguments now say)"
)
_TEXT = (
    "No error text may stop the transition: what cannot be stored is replaced, what is too long is cut, keeping its "
    "beginning."
)
_NEEDS = ("INS-01", "INS-06", "CLM-01")
_VERBS = (*_NEEDS, "TRN-01", "TRN-02", "TRN-03")

RULES = (
    Rule(
        id="TRN-01",
        title="complete moves the claimed record to succeeded",
        text=_COMPLETE,
        level=Level.CORE,
        cause="the record is deleted instead, or the update matches no row and nobody looks at the count",
        needs=_NEEDS,
    ),
    Rule(
        id="TRN-02",
        title="retry moves the claimed record to retrying",
        text=_RETRY,
        level=Level.CORE,
        cause="the record goes back to pending, or the backend decides itself that attempts are exhausted",
        needs=_NEEDS,
    ),
    Rule(
        id="TRN-03",
        title="discard moves the claimed record to discarded",
        text=_DISCARD,
        level=Level.CORE,
        cause="the record is deleted or goes to a dead-letter store that list does not read",
        needs=_NEEDS,
    ),
    Rule(
        id="TRN-04",
        title="each of the three ends the lease",
        text="While running, until when the claim is exclusive; otherwise None.",
        level=Level.CORE,
        cause="lease_expires_at is left in place because the state says enough",
        needs=_VERBS,
    ),
    Rule(
        id="TRN-05",
        title="complete keeps last_error",
        text='What the last retry or discard reported, or a prefix of it; "" if none. Completing keeps it.',
        level=Level.CORE,
        cause="one statement for all three verbs, with an empty text for complete",
        needs=(*_NEEDS, "TRN-01", "TRN-02", "TRN-06", "TRN-16", "CLM-15"),
    ),
    Rule(
        id="TRN-06",
        title="retry replaces last_error, even by an empty text",
        text='`last_error` becomes `params.last_error`, even when that is "".',
        level=Level.CORE,
        cause="`if last_error:` or COALESCE, so that an old error stays",
        needs=(*_NEEDS, "TRN-02", "TRN-16"),
    ),
    Rule(
        id="TRN-07",
        title="discard replaces last_error, even by an empty text",
        text='Why: any string at all. Replaces the one before, even by "".',
        level=Level.CORE,
        cause="`if last_error:` or COALESCE, so that an old error stays",
        needs=(*_NEEDS, "TRN-02", "TRN-03", "TRN-06", "TRN-16"),
    ),
    Rule(
        id="TRN-08",
        title="a retried record is due at the run_at given, be it past or future",
        text=_RETRY,
        level=Level.CORE,
        cause="a run_at in the past is moved to now, a delay counted in whole seconds, a delay of 15 minutes at most",
        needs=(*_NEEDS, "TRN-02"),
    ),
    Rule(
        id="TRN-09",
        title="retry without a run_at makes the record due at the clock's now",
        text=_RETRY,
        level=Level.CORE,
        cause="None leaves the old run_at in place",
        needs=(*_NEEDS, "TRN-02"),
    ),
    Rule(
        id="TRN-10",
        title="complete and discard leave run_at as it is",
        text="Not to be claimed before. Set by insert and by retry, by nothing else.",
        level=Level.CORE,
        cause="run_at doubles as the time of finishing, or is cleared to take the record out of an index",
        needs=(*_NEEDS, "TRN-01", "TRN-03"),
    ),
    Rule(
        id="TRN-11",
        title="finishing changes neither the attempt nor what insert set",
        text="Set by insert, never changed. … How often it was claimed: 0 at first, raised by one by each claim, never "
        "lowered.",
        level=Level.CORE,
        cause="retry counts the attempt, or a finished record's payload is dropped to save space",
        needs=(*_VERBS, "CLM-02", "TIM-05", "INS-10"),
    ),
    Rule(
        id="TRN-12",
        title="finishing one record leaves every other as it was",
        text="Atomic, and only for the current claim",
        level=Level.CORE,
        cause="an UPDATE by state, attempt or queue instead of by id",
        needs=(*_VERBS, "CLM-02", "INS-09"),
    ),
    Rule(
        id="TRN-13",
        title="a claim whose lease has ended still finishes while nobody claimed the record again",
        text="the record is running and its attempt is `params.attempt`, also when the lease has ended but nobody "
        "claimed the record again",
        level=Level.CORE,
        cause="`and lease_expires_at > now` in the update: the outcome of a job that took too long is thrown away",
        needs=(*_VERBS, "LSE-02"),
    ),
    Rule(
        id="TRN-14",
        title="repeating a finish is answered, not refused",
        text=_REPEAT,
        level=Level.CORE,
        cause="the update asks for a running record, and no row is taken for a lost claim",
        needs=_VERBS,
    ),
    Rule(
        id="TRN-15",
        title="repeating a finish changes nothing, whatever its other arguments",
        text=_REPEAT,
        level=Level.CORE,
        cause="the repeated request writes its run_at or last_error over those that counted, or moves updated_at",
        needs=(*_VERBS, "TRN-14"),
    ),
    Rule(
        id="TRN-16",
        title="a retried record is claimed again once its run_at has come, not before",
        text="Due is a record … whose due time (`run_at` while pending or retrying, `lease_expires_at` while running) "
        "is not after now",
        level=Level.CORE,
        cause="retrying is missing where pending is asked for, or the old run_at stays in the index of what is due",
        needs=(*_NEEDS, "CLM-09", "TRN-02", "TRN-08", "CLM-10"),
    ),
    Rule(
        id="TRN-17",
        title="no error text stops a transition, however hostile or long",
        text=_TEXT,
        level=Level.CORE,
        cause="PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, a column or an item is too small",
        needs=(*_NEEDS, "TRN-02", "TRN-03"),
    ),
    Rule(
        id="TRN-18",
        title="of an error text at least the beginning is stored as it was given",
        text=_TEXT,
        level=Level.CORE,
        cause="the end is kept instead of the beginning, one bad character empties the whole text, or quotes and line "
        "ends are escaped and stay so",
        needs=(*_NEEDS, "TRN-02", "TRN-03", "TRN-06", "TRN-17"),
    ),
)
