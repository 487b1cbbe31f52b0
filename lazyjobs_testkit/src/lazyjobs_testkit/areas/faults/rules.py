"""FLT: what a backend makes of a storage that fails.

In every call each request to the storage fails once before it took effect and once after: the first request of a call,
then the second, until it has none of that number.
"""

from lazyjobs import Backend, BackendError, ClaimLostError, ClaimParams, CompleteParams, InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import churn
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._clerk import Clerk
from lazyjobs_testkit.suite._failing import MOMENTS, READS, failing
from lazyjobs_testkit.suite._kills import assert_allowed
from lazyjobs_testkit.suite._support import PAST

_MAY_HAVE = "The call may or may not have taken effect."

_INSERTS = ("insert", "insert_many")
_FINISHES = ("complete", "retry", "discard")
_CLAIMS = ("claim", "claim of a retried record", "claim of an ended lease", "claim_many")
_REPEATS = 3
_CALLS = 200
_FAILING = 0.2


class FaultTests:
    @rule(
        "FLT-01",
        "a handle is well again as soon as its storage is, for every thread",
        text="The storage gave no answer; the same call may succeed later.",
        level=Level.CRASH_SAFE,
        cause="a transaction left open, a lock not released, a connection from the pool that stays broken",
        hook="faults",
        needs=(
            "FLD-01",
            "FLD-03",
            "FLD-07",
            "FLD-08",
            "FLD-10",
            "FLD-11",
            "FLD-12",
        ),
    )
    def test_a_handle_is_well_again_as_soon_as_its_storage_is(self, bench: Bench) -> None:
        other = Clerk("another thread than the one whose call had failed")
        with failing(bench) as broken:
            for failure in broken.failures(more=READS):
                for clerk in (broken.clerk, other):
                    try:
                        clerk.do(lambda: use(bench.backend))
                    except BackendError as error:
                        raise AssertionError(f"{failure}\nthe calls after it raised {error!r}") from error
        other.dismiss()

    @rule(
        "FLT-02",
        "a storage that fails is told as BackendError, with the cause chained",
        text="Nothing but `BackendError`, its subclasses and `ClaimLostError` leaves a backend, the cause chained.",
        level=Level.CRASH_SAFE,
        cause="one method, or one of its requests, stands outside of what translates the driver's errors",
        hook="faults",
        needs=("FLT-01",),
    )
    def test_a_storage_that_fails_is_told_as_backend_error(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures(more=READS):
                error = failure.raised
                allowed = error is None or isinstance(error, BackendError | ClaimLostError)
                assert allowed, f"{failure}\nraised {error!r}, which is no BackendError"
                chained = not isinstance(error, BackendError) or error.__cause__ is not None
                assert chained, (
                    f"{failure}\nraised {error!r} without a __cause__; raise it `from` what the storage raised"
                )

    @rule(
        "FLT-03",
        "a call that failed has done all of its work or none of it",
        text=_MAY_HAVE,
        level=Level.CRASH_SAFE,
        cause="one transition made of two requests, of which the first is not undone when the second fails",
        hook="faults",
        needs=("FLT-01",),
    )
    def test_a_call_that_failed_has_done_all_or_nothing(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures():
                survey = broken.survey()
                if isinstance(failure.answer, m.Unknown):
                    assert_allowed(survey, failure, but=(m.Fault.INVENTED,))

    @rule(
        "FLT-04",
        "an insert whose request failed has inserted one record at the most, be it tried again inside or not",
        text="`BackendUnavailableError` when it got no answer, and then the record may exist.",
        level=Level.CRASH_SAFE,
        cause="the backend or its driver repeats an insert whose answer was lost",
        hook="faults",
        needs=("FLT-01",),
    )
    def test_an_insert_that_failed_has_inserted_one_record_at_the_most(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures(_INSERTS):
                assert_allowed(broken.survey(), failure)

    @rule(
        "FLT-05",
        "a finish whose answer was lost can be asked for again",
        text="A record that already is succeeded at that attempt is left as it is, so that the caller may ask again "
        "after a lost answer.",
        level=Level.CRASH_SAFE,
        cause="the repeated request finds no running record any more, and ClaimLostError is raised",
        hook="faults",
        needs=("FLT-03",),
    )
    def test_a_finish_whose_answer_was_lost_can_be_asked_for_again(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures(_FINISHES):
                again = broken.ask(failure.request)
                assert again == m.Nothing(), f"{failure}\nasked for again, it ended with {again}"
                assert_allowed(broken.survey(), failure)

    @rule(
        "FLT-06",
        "a record whose claim failed is claimed again when its lease has ended, if not before",
        text="a running record whose lease has ended is due again",
        level=Level.CRASH_SAFE,
        cause="a first request takes the record from what is due, and its lease is written by a second one",
        hook="faults",
        needs=("FLT-01",),
    )
    def test_a_record_whose_claim_failed_is_claimed_again(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures(_CLAIMS):
                broken.survey()
                left = broken.recover()
                told = [f"no claim hands out record {each.id}, which is {each.state}, however late" for each in left]
                assert not told, "\n".join([str(failure), *told])

    @rule(
        "FLT-07",
        "nothing acknowledged is lost, changed or done twice while the storage fails now and then",
        text="Stores a new record, pending, and returns it once it is stored",
        level=Level.CRASH_SAFE,
        cause="an error is swallowed, and the call answered as if it had succeeded",
        hook="faults",
        needs=(
            "FLT-04",
            "FLT-05",
            "FLT-06",
        ),
    )
    def test_what_was_answered_although_a_request_failed_is_so(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures():
                survey = broken.survey()
                if not isinstance(failure.answer, m.Unknown):
                    assert_allowed(survey, f"{failure}\nwas answered all the same", but=(m.Fault.INVENTED,))

    @rule("FLT-07")
    def test_nothing_acknowledged_is_lost_while_the_storage_fails_now_and_then(self, bench: Bench) -> None:
        choices = bench.random
        with failing(bench) as broken:
            requests = churn(choices.getrandbits(32), "kit", ("queue1", "queue2"))
            request = next(requests)
            for _ in range(_CALLS):
                if choices.random() < _FAILING:
                    answer = broken.falter(request, choices.choice(MOMENTS), skip=choices.randrange(4))
                else:
                    answer = broken.ask(request)
                request = requests.send(answer)
            assert_allowed(broken.survey(), f"{_CALLS} calls, of which some had a request that failed")


def use(backend: Backend) -> None:
    """Makes a call of each sort."""
    backend.insert(InsertParams(kind=KIND, queue="aside", run_at=PAST))
    record = backend.claim(ClaimParams(queues=("aside",)))
    if record is not None:
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    backend.list()
    backend.stats()
