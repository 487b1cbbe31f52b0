"""ERR: which errors leave a backend."""

from collections.abc import Iterator
from contextlib import contextmanager

from lazyjobs import (
    BackendError,
    ClaimLostError,
    ClaimParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    PruneParams,
    SupportsClaimMany,
    SupportsExtend,
    SupportsPrune,
)
from lazyjobs_testkit.raised import describe_error
from lazyjobs_testkit.rules import Keyword, Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import DAY, EPOCH, FUTURE, HOUR, LAST, PAST
from lazyjobs_testkit.suite._verbs import Verb, each_verb, finish, finish_params

_ONLY = "Nothing but `BackendError`, its subclasses and `ClaimLostError` leaves a backend, the cause chained."

LARGEST = 2**63 - 1
LONGEST = 366 * DAY


class ErrorTests:
    @rule(
        "ERR-01",
        "the largest ids, attempts, limits and times end in an answer or in an error of the contract",
        text=_ONLY,
        level=Level.CORE,
        cause="OverflowError of a driver, a limit held in 32 bits by the storage's protocol, a date beyond its range",
        needs=(
            "INS-06",
            "CLM-01",
        ),
    )
    @each_verb
    def test_finishing_the_largest_ids_and_attempts_raises_nothing_strange(self, bench: Bench, verb: Verb) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        for id, attempt in ((record.id, LARGEST), (LARGEST, 1), (LARGEST, LARGEST)):
            with errors_of_the_contract(f"{verb} of id {id}, attempt {attempt}"):
                finish(bench.backend, finish_params(verb, record, id=id, attempt=attempt, run_at=LAST))

    @rule("ERR-01")
    def test_extending_the_largest_ids_and_attempts_raises_nothing_strange(self, bench: Bench) -> None:
        extending = bench.supports(SupportsExtend)
        record = bench.claimed(run_at=PAST, lease=HOUR)
        for id, attempt in ((record.id, LARGEST), (LARGEST, 1), (LARGEST, LARGEST), (record.id, record.attempt)):
            with errors_of_the_contract(f"extend of id {id}, attempt {attempt}, to the last moment"):
                extending.extend(ExtendParams(id=id, attempt=attempt, now=LAST, lease=LONGEST))

    @rule("ERR-01")
    def test_inserting_and_claiming_at_the_extremes_raises_nothing_strange(self, bench: Bench) -> None:
        name = "n" * 100
        for run_at in (EPOCH, LAST):
            params = InsertParams(kind=name, queue=name, max_attempts=2**31 - 1, run_at=run_at)
            with errors_of_the_contract(f"insert with run_at {run_at}"):
                bench.backend.insert(params)
        for now in (EPOCH, LAST):
            with errors_of_the_contract(f"claim with now {now} and the longest lease"):
                bench.backend.claim(ClaimParams(queues=(name,), now=now, lease=LONGEST))

    @rule("ERR-01")
    def test_the_largest_limits_raise_nothing_strange(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        with errors_of_the_contract(f"list with limit {LARGEST}"):
            bench.backend.list(ListOptions(limit=LARGEST))
        if isinstance(bench.backend, SupportsClaimMany):
            with errors_of_the_contract(f"claim_many with limit {LARGEST}"):
                bench.backend.claim_many(ClaimParams(), LARGEST)
        if isinstance(bench.backend, SupportsPrune):
            with errors_of_the_contract(f"prune with limit {LARGEST}"):
                bench.backend.prune(PruneParams(finished_before=FUTURE, limit=LARGEST))

    @rule(
        "ERR-02",
        "a lost claim is told as ClaimLostError, which is no BackendError",
        text="Not a `BackendError`, since the backend is well",
        level=Level.CORE,
        cause="an error class of the backend's own that is both, for convenience",
        needs=("FEN-03",),
    )
    @each_verb
    def test_a_lost_claim_is_no_backend_error(self, bench: Bench, verb: Verb) -> None:
        error = lost_claim(bench, verb)
        assert not isinstance(error, BackendError), f"{type(error).__name__} is a BackendError, as if to be tried again"

    @rule(
        "ERR-03",
        "ClaimLostError names the id and the attempt of the claim",
        text="The claim `(id, attempt)` no longer holds its record",
        keyword=Keyword.SHOULD,
        level=Level.CORE,
        cause="the stored attempt is reported in the place of the caller's",
        needs=("FEN-03",),
    )
    @each_verb
    def test_a_lost_claim_names_its_id_and_attempt(self, bench: Bench, verb: Verb) -> None:
        error = lost_claim(bench, verb)
        told, asked = (error.id, error.attempt), (LARGEST // 2, 7)
        assert told == asked, f"the error names (id, attempt) {told}; asked was for {asked}"


def lost_claim(bench: Bench, verb: Verb) -> ClaimLostError:
    """The error with which a claim is refused that never was: attempt 7 of a record that does not exist."""
    record = bench.insert(run_at=PAST)
    try:
        finish(bench.backend, finish_params(verb, record, id=LARGEST // 2, attempt=7))
    except ClaimLostError as error:
        return error
    else:
        bench.blocked(f"{verb} of an unknown id was accepted")


@contextmanager
def errors_of_the_contract(call: str) -> Iterator[None]:
    """Lets the call answer or raise what the contract knows, and fails for anything else that it raises."""
    try:
        yield
    except (BackendError, ClaimLostError):
        return
    except Exception as error:
        raise AssertionError(f"{call} raised {describe_error(error)}") from error
