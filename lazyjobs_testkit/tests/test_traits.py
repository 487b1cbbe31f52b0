"""Traits and expected failures."""

from datetime import date, timedelta

import pytest

from lazyjobs_testkit import ExpectedFailure, Traits


def test_a_backend_declares_nothing_by_default() -> None:
    assert Traits().declared() == ()


def test_what_differs_from_the_default_is_declared() -> None:
    traits = Traits(durable=True, staleness=timedelta(seconds=1), max_payload=0)
    assert traits.declared() == ("durable", "staleness", "max_payload")


def test_a_trait_given_its_default_is_not_declared() -> None:
    assert not Traits(ordering="strict").declares("ordering")


@pytest.mark.parametrize("missing", ["rule", "reason", "link"])
def test_an_expected_failure_says_which_rule_why_and_where(missing: str) -> None:
    words = {"rule": "CLM-04", "reason": "ids are not ordered", "link": "https://example.org/1", missing: ""}
    with pytest.raises(ValueError, match=f"needs a {missing}"):
        ExpectedFailure(**words, expires=date(2030, 1, 1))
