"""The sequential model of the contract: what may be answered to a call, and what is so afterwards.

Written from the contract alone, and independent of any backend. `Model` is the whole of one namespace; `Entry` and the
functions of `transitions` are one record, which is what most of the contract is about: claims, fencing and finishes
concern a single record, and only the order of claims, list and stats concern several.
"""

from lazyjobs_testkit.model import _transitions as transitions
from lazyjobs_testkit.model._answers import Answer, Counts, Lost, Many, Nothing, Number, One, Unknown, ask
from lazyjobs_testkit.model._entry import Entry
from lazyjobs_testkit.model._errors import DisallowedError, Fault
from lazyjobs_testkit.model._model import MAX_ID, Model
from lazyjobs_testkit.model._reads import check_stats, check_sums, count, is_whole, passes
from lazyjobs_testkit.model._requests import (
    Claim,
    ClaimMany,
    Complete,
    CountRecords,
    Discard,
    Extend,
    Finish,
    FinishAndClaim,
    Insert,
    InsertMany,
    ListRecords,
    Prune,
    Request,
    Retry,
)
from lazyjobs_testkit.model._span import CLOCK_SLACK, Span, Window, tell_time
from lazyjobs_testkit.model._spelling import Spelling
from lazyjobs_testkit.model._terms import Terms

__all__ = [
    "CLOCK_SLACK",
    "MAX_ID",
    "Answer",
    "Claim",
    "ClaimMany",
    "Complete",
    "CountRecords",
    "Counts",
    "DisallowedError",
    "Discard",
    "Entry",
    "Extend",
    "Fault",
    "Finish",
    "FinishAndClaim",
    "Insert",
    "InsertMany",
    "ListRecords",
    "Lost",
    "Many",
    "Model",
    "Nothing",
    "Number",
    "One",
    "Prune",
    "Request",
    "Retry",
    "Span",
    "Spelling",
    "Terms",
    "Unknown",
    "Window",
    "ask",
    "check_stats",
    "check_sums",
    "count",
    "is_whole",
    "passes",
    "tell_time",
    "transitions",
]
