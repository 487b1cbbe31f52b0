"""What must hold after anything at all."""

from lazyjobs import ClaimParams, CompleteParams, InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import Asking, Site
from lazyjobs_testkit.suite._kills import assert_allowed


def check_all(site: Site, ask: Asking, occasion: object, *, errors_allowed: bool = False) -> None:
    """Everything acknowledged is there, once; everything is claimed when its lease has ended, and can be finished."""
    assert_allowed(site.survey(ask, errors_allowed=errors_allowed), occasion)
    left = site.recover(ask)
    assert not left, f"{occasion}\nnever claimed again, however late: {left}"
    assert_allowed(site.survey(ask), f"{occasion}, and everything was claimed and completed")


def check_life(site: Site, ask: Asking, occasion: object) -> None:
    """A job can still be inserted, claimed and completed."""
    for request in (m.Insert(InsertParams(kind="kit.life", queue="life")), m.Claim(ClaimParams(queues=("life",)))):
        answer = ask(request)
        assert isinstance(answer, m.One), f"{occasion}\nafterwards {request.method} answered {answer}"
    ask(m.Complete(CompleteParams(id=answer.record.id, attempt=answer.record.attempt)))
    assert_allowed(site.survey(ask), f"{occasion}, and a job was done")
