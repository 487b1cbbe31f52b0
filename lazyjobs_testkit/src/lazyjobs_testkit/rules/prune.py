"""What prune promises, where it is offered."""

from functools import partial

from lazyjobs import SupportsPrune
from lazyjobs_testkit.rules._rule import Level, Rule

_DELETES = "Deletes succeeded and discarded records not updated since `params.finished_before`, and nothing else."
_LIMIT = "Deletes `params.limit` of them at the most, those updated longest ago first, and returns how many it deleted."
_NEEDS = ("INS-01", "INS-06", "CLM-01", "CLM-19", "LST-10", "TRN-01", "TRN-12")
_prune_rule = partial(Rule, level=Level.CAPABILITY, capability=SupportsPrune)

RULES = (
    _prune_rule(
        id="PRU-01",
        title="prune deletes finished records",
        text=_DELETES,
        cause="only succeeded records are deleted, or finished_before is compared with created_at or run_at",
        needs=(*_NEEDS, "TRN-03"),
    ),
    _prune_rule(
        id="PRU-02",
        title="prune deletes nothing that is not finished, however old",
        text=_DELETES,
        cause="the time alone decides",
        needs=(*_NEEDS, "TRN-02"),
    ),
    _prune_rule(
        id="PRU-03",
        title="prune keeps what was updated at finished_before or after it",
        text="Only those not updated at or after this time.",
        cause="`<=` instead of `<`, or created_at in the place of updated_at",
        needs=(*_NEEDS, "PRU-01", "TIM-06"),
    ),
    _prune_rule(
        id="PRU-04",
        title="prune deletes no more than the limit",
        text=_LIMIT,
        cause="the limit bounds a batch, and batches go on until nothing is left",
        needs=(*_NEEDS, "PRU-01"),
    ),
    _prune_rule(
        id="PRU-05",
        title="prune deletes what was updated longest ago first",
        text=_LIMIT,
        cause="a limit without an order, or the order of ids",
        needs=(*_NEEDS, "PRU-04", "TIM-06"),
    ),
    _prune_rule(
        id="PRU-06",
        title="prune returns how many records it deleted",
        text=_LIMIT,
        cause="the count of what matched, or of the last batch",
        needs=(*_NEEDS, "PRU-01", "PRU-04"),
    ),
    _prune_rule(
        id="PRU-07",
        title="a pruned record is unknown to every verb",
        text="Anything else (an unknown id, another attempt, another state) raises `ClaimLostError`",
        cause="the record is hidden, not deleted, or a repetition is answered from memory",
        needs=(*_NEEDS, "FEN-03", "PRU-01"),
    ),
    _prune_rule(
        id="PRU-08",
        title="pruned records are gone from stats",
        text="Counts of all records; when nothing else is running, those of `list` with `limit=None`.",
        cause="counters that prune does not lower",
        needs=(*_NEEDS, "STA-02", "PRU-01"),
    ),
)
