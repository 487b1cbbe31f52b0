"""What the model finds wrong with an answer."""

from enum import StrEnum


class Fault(StrEnum):
    """What a wrong answer amounts to, the plainest first."""

    DUPLICATED = "duplicated"
    """A record was claimed while another claim held it."""
    OVERWRITTEN = "overwritten"
    """A finish or an extension was accepted from a claim that no longer held the record."""
    REVIVED = "revived"
    """A finished record was claimed."""
    REFUSED = "refused"
    """A finish or an extension was refused to the claim that held the record."""
    LOST = "lost"
    """A record that was acknowledged is gone."""
    ALTERED = "altered"
    """A record does not show what was done to it."""
    EARLY = "early"
    """A record was claimed before it was due, or from a queue nobody asked for."""
    EMPTY = "empty"
    """A claim answered None although something was due."""
    PASSED_OVER = "passed over"
    """A claim took a record although one of a smaller (due time, id) was due."""
    REUSED_ID = "reused id"
    """An id was given twice, or is not greater than those the same handle gave before."""
    INVENTED = "invented"
    """A record was shown that nobody inserted."""
    MISCOUNTED = "miscounted"
    """A list, a count or a sequence has the wrong members or the wrong order."""
    UNEXPECTED = "unexpected"
    """The answer is of the wrong type, or an error that nothing accounts for."""


class DisallowedError(Exception):
    """The contract does not allow an answer; `fault` says of what sort the mistake is."""

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason
