"""TRN: which error texts can be stored, and what of them is kept."""

import pytest

from lazyjobs import BackendError, ClaimLostError, RetryParams
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    FUTURE,
    PAST,
    keeps_finished,
    stored,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import OUTCOMES, VERBS, finish, finish_params

_TEXT = (
    "No error text may stop the transition: what cannot be stored is replaced, what is too long is cut, keeping its "
    "beginning."
)
BEGINNING = "kit error 42"
HOSTILE = {
    "empty": "",
    "NUL": "\0",
    "NUL within": f"{BEGINNING}: before\0after",
    "control characters": BEGINNING + "".join(map(chr, [*range(1, 32), 127, *range(128, 160)])),
    "quotes": f"""{BEGINNING}: it's "quoted" `so` \\ %s %(x)s {{0}} ${{x}} ; DROP TABLE jobs; --""",
    "line ends": f"{BEGINNING}\r\nTraceback:\n\tline\rline\x0b\x0c\x85\u2028\u2029",
    "lone high surrogate": f"{BEGINNING} \ud800",
    "lone low surrogate": f"{BEGINNING} \udfff and more",
    "reversed surrogates": f"{BEGINNING} \ude00\ud83d",
    "only a surrogate": "\udc80",
    "noncharacters": f"{BEGINNING} \ufffe\uffff\U0010ffff\ufdd0",
    "astral": f"{BEGINNING} \U0001f600\U00010000",
    "byte order mark": f"\ufeff{BEGINNING}",
    "JSON": '{"error": null}',
    "megabytes": BEGINNING + " x" * 2_000_000,
    "megabytes of wide characters": BEGINNING + "\U0001f600" * 700_000,
    "a million NULs": BEGINNING + "\0" * 1_000_000,
    "a million surrogates": BEGINNING + "\ud800" * 1_000_000,
}
PLAIN = {
    "short": f"{BEGINNING}: boom",
    "quotes": f"""{BEGINNING}: it's "quoted" `so` \\ %s %(x)s {{0}} ${{x}}""",
    "lines": f"{BEGINNING}\nTraceback:\n\tline 1\n\tline 2",
    "long": BEGINNING + "".join(f" {number}" for number in range(200_000)),
}


class ErrorTextTests:
    @rule(
        "TRN-17",
        "no error text stops a transition, however hostile or long",
        text=_TEXT,
        level=Level.CORE,
        cause="PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, a column or an item is too small",
        needs=(
            "TRN-02",
            "TRN-03",
        ),
    )
    @pytest.mark.parametrize("name", HOSTILE)
    def test_no_error_text_stops_a_transition(self, bench: Bench, name: str) -> None:
        keeps_finished(bench)
        states = {}
        for verb in (verb for verb in VERBS if verb != "complete"):
            record = bench.claimed(run_at=PAST)
            try:
                finish(bench.backend, finish_params(verb, record, last_error=HOSTILE[name], run_at=FUTURE))
            except (BackendError, ClaimLostError) as error:
                raise AssertionError(f"{verb} was stopped by an error text ({name}): {describe(error)}") from error
            states[verb] = stored(bench, record.id).state
        expected = {verb: OUTCOMES[verb] for verb in states}
        assert states == expected, f"with an error text ({name}) the states are {describe(states)}"

    @rule(
        "TRN-18",
        "of an error text at least the beginning is stored as it was given",
        text=_TEXT,
        level=Level.CORE,
        cause="the end is kept instead of the beginning, one bad character empties the whole text, or quotes and line "
        "ends are escaped and stay so",
        needs=(
            "TRN-06",
            "TRN-17",
        ),
    )
    @pytest.mark.parametrize("name", PLAIN)
    def test_of_a_plain_error_text_the_beginning_is_stored(self, bench: Bench, name: str) -> None:
        text, kept = PLAIN[name], stored_error(bench, PLAIN[name])
        assert text.startswith(kept), f"what is stored is no beginning of {describe(text)}: {describe(kept)}"
        assert kept.startswith(BEGINNING), f"of {describe(text)} no more is stored than {describe(kept)}"

    @rule("TRN-18")
    @pytest.mark.parametrize("name", [name for name, text in HOSTILE.items() if text.startswith(BEGINNING)])
    def test_of_a_hostile_error_text_the_beginning_is_stored(self, bench: Bench, name: str) -> None:
        kept = stored_error(bench, HOSTILE[name])
        assert kept.startswith(BEGINNING), f"of {describe(HOSTILE[name])} this is stored: {describe(kept)}"


def stored_error(bench: Bench, text: str) -> str:
    """What is stored of an error text."""
    record = bench.claimed(run_at=PAST)
    bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=FUTURE, last_error=text))
    return stored(bench, record.id).last_error
