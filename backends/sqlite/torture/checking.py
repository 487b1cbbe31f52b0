"""What must hold after anything at all."""

from pathlib import Path

import lazyjobs
from lazyjobs import BackendError, ClaimParams, CompleteParams, InsertParams, Record
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import Asking, ChildError, ChildProcess, Site
from lazyjobs_testkit.suite._kills import assert_allowed


def asking(site: Site, child: ChildProcess) -> Asking:
    """Makes that process ask, and notes what came of it."""
    return lambda request: site.note(child.ask(request))


def try_to_open(site: Site, child: ChildProcess) -> m.Answer:
    """Opens the namespace; what came of it, as if opening were a call."""
    try:
        child.open(site.namespace)
    except ChildError as error:
        return m.Unknown(str(error).removeprefix("open raised "))
    return m.Nothing()


def check_all(site: Site, ask: Asking, occasion: object, *, errors_allowed: bool = False) -> None:
    """Everything acknowledged is there, once; everything is claimed when its lease has ended, and can be finished."""
    assert_allowed(site.survey(ask, errors_allowed=errors_allowed), occasion)
    left = site.recover(ask)
    assert not left, f"{occasion}\nnever claimed again, however late: {left}"
    assert_allowed(site.survey(ask), f"{occasion}, and everything was claimed and completed")


def check_life(site: Site, ask: Asking, occasion: object) -> None:
    """A job can still be inserted, claimed and completed."""
    record = _ask_for_one(ask, m.Insert(InsertParams(kind="kit.life", queue="life")), occasion)
    record = _ask_for_one(ask, m.Claim(ClaimParams(queues=("life",))), occasion)
    ask(m.Complete(CompleteParams(id=record.id, attempt=record.attempt)))
    assert_allowed(site.survey(ask), f"{occasion}, and a job was done")


def assert_named(answer: m.Answer, file: Path, what: str) -> None:
    """An error is one that backends may raise, and says which file."""
    if isinstance(answer, m.Unknown):
        name = answer.error.partition(":")[0]
        assert issubclass(getattr(lazyjobs, name, Exception), BackendError), f"{what}\nraised {answer.error}"
        assert str(file) in answer.error, f"{what}\nthe error does not name {file}: {answer.error}"


def _ask_for_one(ask: Asking, request: m.Request, occasion: object) -> Record:
    answer = ask(request)
    assert isinstance(answer, m.One), f"{occasion}\nafterwards {request.method} answered {answer}"
    return answer.record
