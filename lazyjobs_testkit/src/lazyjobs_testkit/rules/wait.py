"""What wait promises, where it is offered."""

from functools import partial

from lazyjobs import SupportsWait
from lazyjobs_testkit.rules._rule import Level, Rule

_RETURNS = "Returns when something on the queues may be due, at once if it is, or when the timeout has passed."
_FALSE = "True may be wrong, as another worker may be quicker; False means that the timeout passed."
_wait_rule = partial(Rule, level=Level.CAPABILITY, capability=SupportsWait)

RULES = (
    _wait_rule(
        id="WAI-01",
        title="wait answers True at once if something is due",
        text=_RETURNS,
        cause="only news are waited for, not what had come before",
        needs=("INS-01", "CLM-01", "LSE-02", "LSE-03"),
    ),
    _wait_rule(
        id="WAI-02",
        title="wait returns False only when the timeout has passed",
        text=_FALSE,
        cause="a poll shorter than the timeout, or a wake-up for another queue, ends in False",
        needs=("CLM-11", "WAI-03"),
    ),
    _wait_rule(
        id="WAI-03",
        title="wait returns once the timeout has passed",
        text=_RETURNS,
        cause="milliseconds taken for seconds, or a timeout of 0 that means for ever",
    ),
    _wait_rule(
        id="WAI-04",
        title="an insert of something due ends the wait with True",
        text=_RETURNS,
        cause="nobody wakes the waiter, or the signal is lost between looking and sleeping",
        needs=("INS-01", "WAI-01"),
    ),
    _wait_rule(
        id="WAI-05",
        title="a run_at that comes while waiting ends the wait with True",
        text=_RETURNS,
        cause="only inserts wake the waiter, not time",
        needs=("INS-01", "WAI-01", "WAI-04", "WAI-02"),
    ),
    _wait_rule(
        id="WAI-06",
        title="a lease that ends while waiting ends the wait with True",
        text=_RETURNS,
        cause="only pending records are looked at for the next due time",
        needs=("INS-01", "CLM-01", "LSE-03", "WAI-01", "LSE-02"),
    ),
    _wait_rule(
        id="WAI-07",
        title="a retry that makes a record due ends the wait with True",
        text=_RETURNS,
        cause="only insert wakes the waiter",
        needs=("INS-01", "CLM-01", "TRN-02", "TRN-16", "WAI-01"),
    ),
    _wait_rule(
        id="WAI-08",
        title="waiting changes nothing",
        text="Changes nothing.",
        cause="wait claims ahead so that the next claim is quick",
        needs=("INS-01", "WAI-01", "CLM-02", "CLM-01", "LSE-02", "INS-09", "LST-09", "WAI-03"),
    ),
    _wait_rule(
        id="WAI-09",
        title="close wakes every waiter, which raises BackendClosedError",
        text="`close` wakes every waiter, which then raises `BackendClosedError`.",
        cause="one of several waiters is woken, the waiter answers False, or it sleeps until its timeout",
        needs=("CLS-01",),
    ),
    _wait_rule(
        id="WAI-10",
        title="wait takes timeouts up to 366 days",
        text="At least 0, at most 366 days.",
        cause="a timeout in milliseconds that overflows 32 bits, or a maximum of the storage",
        needs=("INS-01", "WAI-01", "WAI-04"),
    ),
)
