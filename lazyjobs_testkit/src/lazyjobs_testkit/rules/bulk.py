"""What the methods promise that do several things in one step, where they are offered."""

from functools import partial

from lazyjobs import SupportsClaimMany, SupportsFinishAndClaim, SupportsInsertMany
from lazyjobs_testkit.rules._rule import Level, Rule

_INSERT = "Inserts each as `Backend.insert` would, in order, and returns the records in that order."
_CLAIM = "At most `limit` (at least 1) records, as if by calling `Backend.claim` until it answers None; perhaps fewer."
_FUSED = "Does `complete`, `retry` or `discard`, by the type of `finish`, then `claim`, in one commit."
_NEEDS = ("INS-01", "CLM-01")
_insert_rule = partial(Rule, level=Level.CAPABILITY, capability=SupportsInsertMany)
_claim_rule = partial(Rule, level=Level.CAPABILITY, capability=SupportsClaimMany)
_fused_rule = partial(Rule, level=Level.CAPABILITY, capability=SupportsFinishAndClaim)

RULES = (
    _insert_rule(
        id="BLK-01",
        title="insert_many stores every record that it returns",
        text=_INSERT,
        cause="a batch is cut at the storage's maximum (25 items, 10 messages, 1000 rows), or what was left "
        "unprocessed is not sent again",
        needs=("INS-01", "INS-11", "LST-04"),
    ),
    _insert_rule(
        id="BLK-02",
        title="insert_many answers in the order of its parameters, the ids growing with it",
        text=f"{_INSERT} … greater than those this instance gave before",
        cause="RETURNING in no promised order, or groups by queue that are written one after the other",
        needs=("INS-01", "BLK-01", "INS-07"),
    ),
    _insert_rule(
        id="BLK-03",
        title="a record of insert_many is as insert would have made it",
        text=_INSERT,
        cause="a second, shorter statement that forgets a field or a default",
        needs=(
            "INS-01",
            "INS-02",
            "INS-03",
            "INS-04",
            "INS-05",
            "BLK-01",
            "INS-09",
            "INS-10",
            "TIM-02",
            "TIM-04",
            "PAY-01",
            "PAY-02",
            "PAY-03",
            "PAY-04",
            "PAY-05",
            "PAY-06",
            "PAY-07",
            "BLK-02",
        ),
    ),
    _insert_rule(
        id="BLK-04",
        title="insert_many of nothing stores nothing and answers with nothing",
        text="An empty sequence inserts nothing.",
        cause="`INSERT … VALUES` without rows is an error of syntax, an empty batch an error of the service",
        needs=("INS-01",),
    ),
    _insert_rule(
        id="BLK-05",
        title="insert_many finds a payload that is too large before anything is written",
        text="A payload that is too large is found before anything is written.",
        cause="the sizes are checked one by one on the way",
        needs=("INS-01", "PAY-11", "BLK-01"),
        trait="max_payload",
    ),
    _claim_rule(
        id="BLK-06",
        title="claim_many claims each record as claim would",
        text=_CLAIM,
        cause="a second statement that forgets the attempt or the lease, or answers with the records before it",
        needs=(
            *_NEEDS,
            "INS-09",
            "CLM-02",
            "CLM-09",
            "CLM-15",
            "CLM-18",
            "LSE-01",
            "LSE-03",
            "INS-04",
            "LST-09",
            "CLM-03",
        ),
    ),
    _claim_rule(
        id="BLK-07",
        title="claim_many claims no more than the limit, and leaves the others as they were",
        text=_CLAIM,
        cause="a batch is claimed ahead and only a part of it handed out",
        needs=(*_NEEDS, "BLK-06", "CLM-16"),
    ),
    _claim_rule(
        id="BLK-08",
        title="claim_many takes what is due first, in (due time, id) order",
        text=f"{_CLAIM} … Of all of them, over all those queues together, the one with the smallest `(due time, id)` "
        "is taken.",
        cause="UPDATE … RETURNING answers in no promised order, or a limit without an order",
        needs=(*_NEEDS, "CLM-04", "BLK-06", "CLM-05", "CLM-06"),
    ),
    _claim_rule(
        id="BLK-09",
        title="claim_many claims only what is due on the given queues, and at the end nothing",
        text=_CLAIM,
        cause="a second condition for what is due that is not the one of claim",
        needs=(*_NEEDS, "CLM-09", "CLM-11", "CLM-18", "BLK-06", "CLM-02", "CLM-10", "CLM-12", "CLM-14"),
    ),
    _claim_rule(
        id="BLK-10",
        title="claim_many raises ValueError for a limit below 1",
        text="Raises ValueError for a limit below 1.",
        cause="LIMIT 0 is nothing and LIMIT -1 is everything, to SQLite",
        needs=("INS-01",),
    ),
    _claim_rule(
        id="BLK-11",
        title="claim_many called again and again hands out everything that is due",
        text=f"{_CLAIM} … leaves no due record waiting for ever",
        cause="what was fetched beyond the limit is dropped, or fewer becomes nothing at all",
        needs=(*_NEEDS, "CLM-20", "BLK-06"),
    ),
    _fused_rule(
        id="BLK-12",
        title="finish_and_claim finishes by the type of its first argument",
        text=_FUSED,
        cause="types are told apart by their fields, so that a discard with an error text is taken for a retry",
        needs=(*_NEEDS, "TRN-01", "TRN-02", "TRN-03"),
    ),
    _fused_rule(
        id="BLK-13",
        title="finish_and_claim claims the next record as claim would",
        text=_FUSED,
        cause="the next record is chosen before the finish, or claimed without its lease",
        needs=(*_NEEDS, "BLK-12", "CLM-02", "CLM-09", "CLM-15", "LSE-01", "INS-04", "INS-09", "LST-09", "CLM-03"),
    ),
    _fused_rule(
        id="BLK-14",
        title="the claim comes after the finish: a record retried and due can be the next one",
        text=_FUSED,
        cause="the next record is chosen before the finish, or the finished one is left out of the choice",
        needs=(*_NEEDS, "TRN-02", "TRN-08", "TRN-16", "BLK-12", "CLM-03"),
    ),
    _fused_rule(
        id="BLK-15",
        title="finish_and_claim with nothing due answers None, and has finished",
        text=f"{_FUSED} … None if nothing is due, changing nothing.",
        cause="the commit is rolled back when there is nothing to claim",
        needs=(*_NEEDS, "TRN-01", "BLK-12"),
    ),
    _fused_rule(
        id="BLK-16",
        title="if the finish raises, nothing is claimed and nothing has changed",
        text="If the finish raises, nothing is claimed.",
        cause="the claim comes first, or the error is raised after the commit",
        needs=(*_NEEDS, "FEN-03", "BLK-13", "CLM-02", "FEN-02", "FEN-08", "INS-09"),
    ),
    _fused_rule(
        id="BLK-17",
        title="a finish repeated by finish_and_claim changes nothing, and the next record is claimed",
        text=f"{_FUSED} … A record that already is succeeded at that attempt is left as it is, so that the caller may "
        "ask again after a lost answer.",
        cause="a repeated finish matches no row, and that ends the method",
        needs=(*_NEEDS, "TRN-01", "TRN-14", "BLK-13", "TRN-15"),
    ),
)
