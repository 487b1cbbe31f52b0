"""FLT: what a backend makes of a storage that fails.

In every call each request to the storage fails once before it took effect and once after: the first request of a call,
then the second, until it has none of that number.
"""

from lazyjobs import Backend, BackendError, ClaimLostError, ClaimParams, CompleteParams, InsertParams
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import churn
from lazyjobs_testkit.suite._bench import KIND, Bench, rule
from lazyjobs_testkit.suite._clerk import Clerk
from lazyjobs_testkit.suite._failing import MOMENTS, READS, failing
from lazyjobs_testkit.suite._kills import assert_allowed
from lazyjobs_testkit.suite._support import PAST

_INSERTS = ("insert", "insert_many")
_FINISHES = ("complete", "retry", "discard")
_CLAIMS = ("claim", "claim of a retried record", "claim of an ended lease", "claim_many")
_REPEATS = 3
_CALLS = 200
_FAILING = 0.2


class FaultTests:
    @rule("FLT-01")
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

    @rule("FLT-02")
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

    @rule("FLT-03")
    def test_a_call_that_failed_has_done_all_or_nothing(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures():
                survey = broken.survey()
                if isinstance(failure.answer, m.Unknown):
                    assert_allowed(survey, failure, but=(m.Fault.INVENTED,))

    @rule("FLT-04")
    def test_an_insert_that_failed_has_inserted_one_record_at_the_most(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures(_INSERTS):
                assert_allowed(broken.survey(), failure)

    @rule("FLT-05")
    def test_a_finish_whose_answer_was_lost_can_be_asked_for_again(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures(_FINISHES):
                again = broken.ask(failure.request)
                assert again == m.Nothing(), f"{failure}\nasked for again, it ended with {again}"
                assert_allowed(broken.survey(), failure)

    @rule("FLT-06")
    def test_a_record_whose_claim_failed_is_claimed_again(self, bench: Bench) -> None:
        with failing(bench) as broken:
            for failure in broken.failures(_CLAIMS):
                broken.survey()
                left = broken.recover()
                told = [f"no claim hands out record {each.id}, which is {each.state}, however late" for each in left]
                assert not told, "\n".join([str(failure), *told])

    @rule("FLT-07")
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
