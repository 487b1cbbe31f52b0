"""CLM: which record a claim takes, and what it makes of it."""

from collections.abc import Callable
from functools import partial

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    Record,
    RetryParams,
    State,
    SupportsExtend,
)
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    EPOCH,
    FUTURE,
    HOUR,
    PAST,
    assert_all_same,
    assert_same,
    claim_again,
    claim_all,
    claim_ended,
    claim_nothing,
    differences,
    insert_in_turn,
    keeps_finished,
    stored,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import VERBS, assert_refused, finish_params

_DUE = (
    "Due is a record on one of `params.queues` whose due time (`run_at` while pending or retrying, `lease_expires_at` "
    "while running) is not after now: `params.now` if given, else the backend's clock."
)
_CHANGES = (
    "Its `attempt` goes up by one, its lease ends at `now + params.lease`, `updated_at` moves on … Nothing else "
    "changes: `max_attempts` is not looked at, since giving up is the runner's decision."
)

CLAIMED = ("state", "attempt", "lease_expires_at", "updated_at", "claimed_by", "taken_from", "abandoned")
CONFUSABLE = (
    "mail", "Mail", "MAIL", "mai", "mails", "mail_", "mail-", "mail.", "mail:", "mail/", "mail.a", "mail/a", "mail:a",
    "mail-a", "mail_a", "mailXa", "mail__a", "/mail", "a.mail", ".", "..", "_", "-", "1", "01", "1.0",
)  # fmt: skip
"""Queue names that are taken for one another where a name is a pattern, a path, a prefix, a number or has no case."""


class ClaimTests:
    @rule(
        "CLM-01",
        "a due record is claimed and returned as running",
        text="Moves one due record to running and returns it as it then is",
        level=Level.CORE,
        cause="due times compared as texts of different spelling, or in different zones",
        needs=("INS-01",),
    )
    def test_a_due_record_is_claimed(self, bench: Bench) -> None:
        record = bench.insert(run_at=PAST)
        claimed = bench.claim_due()
        assert claimed.id == record.id, f"claimed record {claimed.id}; there is none but record {record.id}"
        assert claimed.state == State.RUNNING, f"claim returned record {claimed.id} as {claimed.state}"

    @rule(
        "CLM-02",
        "what claim returns is what list shows",
        text="Moves one due record to running and returns it as it then is",
        level=Level.CORE,
        cause="the record is read before the update, or the claim stands in a side table that list does not read",
        needs=("INS-10",),
    )
    def test_list_shows_what_claim_returned(self, bench: Bench) -> None:
        claimed = bench.claimed(run_at=PAST)
        changes = differences(claimed, stored(bench, claimed.id))
        assert not changes, f"what claim returned is not what list shows: {changes}"

    @rule(
        "CLM-03",
        "each claim raises the attempt by exactly one",
        text="How often it was claimed: 0 at first, raised by one by each claim, never lowered.",
        level=Level.CORE,
        cause="the attempt is counted at retry instead, or counted again when an ended lease is claimed",
        needs=(
            "LSE-03",
            "TRN-16",
            "INS-02",
        ),
    )
    def test_each_claim_raises_the_attempt_by_one(self, bench: Bench) -> None:
        record = claim_ended(bench)
        attempts = [record.attempt]
        record = claim_again(bench, record)
        attempts.append(record.attempt)
        for _ in range(2):
            bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST))
            record = claim_again(bench, record)
            attempts.append(record.attempt)
        assert attempts == [1, 2, 3, 4], f"four claims (after an ended lease, then after two retries) had {attempts}"

    @rule(
        "CLM-09",
        "a given now decides what is due, be it past or future",
        text="Decides what is due and where the lease ends, and nothing else; None is the backend's clock.",
        level=Level.CORE,
        cause="the query uses the database's own now(), or both must have passed",
        needs=(
            "CLM-01",
            "INS-04",
        ),
    )
    def test_a_future_now_makes_due_what_is_not_due_yet(self, bench: Bench) -> None:
        record = bench.insert(run_at=FUTURE)
        claim_again(bench, record, now=FUTURE + DAY)

    @rule("CLM-09")
    def test_a_past_now_finds_nothing_that_was_due_later(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        claim_nothing(bench, f"now was {describe(PAST - DAY)}", now=PAST - DAY)

    @rule(
        "CLM-10",
        "without a now the backend's clock decides what is due",
        text=_DUE,
        level=Level.CORE,
        cause="run_at is not looked at, or the local time is taken for UTC, so that hours are wrong",
        needs=("CLM-18",),
    )
    def test_without_a_now_the_clock_decides(self, bench: Bench) -> None:
        margin = HOUR / 2 + bench.traits.clock_skew + bench.traits.precision
        past, future = (bench.insert(run_at=bench.now() + offset) for offset in (-margin, margin))
        claimed = bench.claim_due()
        assert claimed.id == past.id, f"claimed record {claimed.id}, due in half an hour, before the one due already"
        claim_nothing(bench, f"record {future.id} is due in half an hour only")

    @rule(
        "CLM-11",
        "only a record on one of the given queues is claimed",
        text=_DUE,
        level=Level.CORE,
        cause="only the first of the queues is asked, or none of them",
        needs=(
            "CLM-18",
            "CLM-20",
        ),
    )
    def test_only_the_given_queues_are_claimed_from(self, bench: Bench) -> None:
        there = [bench.insert(queue=name, run_at=PAST + DAY) for name in ("a", "c", "e")]
        elsewhere = [bench.insert(queue=name, run_at=PAST) for name in ("b", "d", "default")]
        claimed = {bench.claim_due(queues=("a", "c", "e")).id for _ in there}
        expected = {record.id for record in there}
        assert claimed == expected, f"claims on the queues a, c and e got records {claimed} instead of {expected}"
        claim_nothing(bench, f"records {[record.id for record in elsewhere]} are on others", queues=("a", "c", "e"))

    @rule(
        "CLM-12",
        "queue names are told apart by every character and case",
        text="1 to 100 characters of `A-Z a-z 0-9 . _ : / -`.",
        level=Level.CORE,
        cause="a collation without case, LIKE or a glob where _ matches anything, a key prefix without an end mark, "
        "characters replaced by others in a file or topic name",
        needs=("CLM-11",),
    )
    def test_queue_names_that_look_alike_are_told_apart(self, bench: Bench) -> None:
        for name in CONFUSABLE:
            bench.insert(queue=name, run_at=PAST)
        for name in bench.random.sample(CONFUSABLE, len(CONFUSABLE)):
            claimed = bench.claim_due(queues=(name,))
            assert claimed.queue == name, f"a claim on {name!r} got record {claimed.id} of {claimed.queue!r}"
            claim_nothing(bench, f"there was one record on {name!r}", queues=(name,))

    @rule(
        "CLM-13",
        "a claim may name many queues",
        text="At least one; their order means nothing, and a name given twice counts once.",
        level=Level.CORE,
        cause="one placeholder a queue, up to the driver's limit, or only the first ten are asked",
        needs=("CLM-11",),
    )
    def test_a_claim_may_name_many_queues(self, bench: Bench) -> None:
        names = tuple(f"queue-{number}" for number in range(128))
        expected = {bench.insert(queue=names[place], run_at=PAST).id for place in (0, 60, 127)}
        claimed = {record.id for record in claim_all(bench, 3, queues=names)}
        assert claimed == expected, f"three claims on {len(names)} queues got records {claimed} instead of {expected}"

    @rule(
        "CLM-14",
        "a claim with nothing due answers None and changes nothing",
        text="None if nothing is due, changing nothing.",
        level=Level.CORE,
        cause="an unknown queue raises, or records are touched while they are looked at",
        needs=("CLM-02",),
    )
    def test_a_claim_with_nothing_due_changes_nothing(self, bench: Bench) -> None:
        claim_nothing(bench, "there was none", queues=("unknown",))
        held = bench.claimed(run_at=PAST, lease=HOUR)
        waiting = bench.insert(run_at=FUTURE)
        claim_nothing(bench, "the one record is held and the other not due")
        claim_nothing(bench, "no record is on that queue", queues=("unknown",))
        before = {record.id: record for record in (held, waiting)}
        assert_all_same(before, bench.records(), "a claim that answered None")

    @rule(
        "CLM-15",
        "claiming changes nothing but state, attempt, lease, updated_at and what is told of the claim",
        text=_CHANGES,
        level=Level.CORE,
        cause="run_at is moved to the lease's end to hide the record, or last_error is cleared for the new attempt",
        needs=(
            "TRN-06",
            "LSE-03",
            "LST-10",
            "LSE-01",
            "INS-10",
        ),
    )
    def test_claiming_a_pending_record_changes_nothing_else(self, bench: Bench) -> None:
        inserted = bench.insert(payload=b'{"a":1}', max_attempts=7, run_at=PAST)
        bench.claim_due()
        assert_same(inserted, stored(bench, inserted.id), "claiming a pending record", but=CLAIMED)

    @rule("CLM-15")
    def test_claiming_a_retrying_record_changes_nothing_else(self, bench: Bench) -> None:
        first = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=first.id, attempt=first.attempt, run_at=PAST + HOUR, last_error="boom"))
        retrying = stored(bench, first.id)
        claim_again(bench, first)
        assert_same(retrying, stored(bench, first.id), "claiming a retrying record", but=CLAIMED)

    @rule("CLM-15")
    def test_claiming_an_ended_lease_changes_nothing_else(self, bench: Bench) -> None:
        first = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=first.id, attempt=first.attempt, run_at=PAST + HOUR, last_error="boom"))
        second = claim_again(bench, first, now=PAST + DAY, lease=HOUR)
        ended = stored(bench, first.id)
        claim_again(bench, second)
        assert_same(ended, stored(bench, first.id), "claiming an ended lease", but=CLAIMED)

    @rule(
        "CLM-16",
        "claiming one record leaves every other as it was",
        text="Moves one due record to running",
        level=Level.CORE,
        cause="an UPDATE without the id, or a batch that is marked running ahead of being handed out",
        needs=(
            "CLM-01",
            "INS-09",
        ),
    )
    def test_claiming_one_record_leaves_every_other_as_it_was(self, bench: Bench) -> None:
        before = {record.id: record for record in [*insert_in_turn(bench, 3), *insert_in_turn(bench, 2, queue="other")]}
        claimed = bench.claim_due()
        after = bench.records()
        for records in (before, after):
            records.pop(claimed.id, None)
        assert_all_same(before, after, f"claiming record {claimed.id}")

    @rule(
        "CLM-17",
        "max_attempts is not looked at: a record is claimed with attempt above it",
        text=_CHANGES,
        level=Level.CORE,
        cause="the backend discards or hides what is exhausted, so that nobody ever learns of it",
        needs=("CLM-03",),
    )
    def test_a_record_is_claimed_with_attempt_above_max_attempts(self, bench: Bench) -> None:
        first = claim_ended(bench, max_attempts=1)
        second = claim_again(bench, first)
        assert second.attempt == 2, f"the second claim of a record with max_attempts=1 has attempt {second.attempt}"

    @rule(
        "CLM-18",
        "a claimed record is handed to nobody else while its lease runs",
        text="Atomic: a record is handed to one caller only, among all threads, processes and machines, until its "
        "lease has ended.",
        level=Level.CORE,
        cause="only the time decides and the state is not looked at, or the claim lives in the instance",
        needs=("CLM-01",),
    )
    def test_a_claimed_record_is_handed_to_nobody_else(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        claim_nothing(bench, f"record {record.id} is held for an hour")
        if not bench.traits.single_instance:
            again = bench.open().claim(ClaimParams())
            assert again is None, f"another instance claimed record {record.id}, which is held for an hour"

    @rule(
        "CLM-19",
        "finished records are never claimed",
        text="Succeeded and discarded are final.",
        level=Level.CORE,
        cause="an index of due records that finishing does not clear",
        needs=(
            "TRN-01",
            "TRN-03",
        ),
    )
    def test_finished_records_are_never_claimed(self, bench: Bench) -> None:
        keeps_finished(bench)
        for _ in range(2):
            record = bench.claimed(run_at=PAST)
            bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
            record = bench.claimed(run_at=PAST)
            bench.backend.discard(DiscardParams(id=record.id, attempt=record.attempt))
        claim_nothing(bench, "every record is finished")
        claim_nothing(bench, "every record is finished", now=FUTURE)

    @rule(
        "CLM-20",
        "every due record is handed out, with no more empty answers in a row than declared",
        text="A backend that cannot order globally may take another due record and may answer None although something "
        "is due, if it says how often in a row, and leaves no due record waiting for ever.",
        level=Level.CORE,
        cause="an empty shard or an empty poll is answered as None, or a record is skipped once and never looked at "
        "again",
        needs=("CLM-01",),
    )
    def test_every_due_record_is_handed_out(self, bench: Bench) -> None:
        waiting = {bench.insert(run_at=PAST + hour * HOUR).id for hour in range(40)}
        empty = 0
        while waiting:
            record = bench.claim()
            empty = empty + 1 if record is None else 0
            assert empty <= bench.traits.empty_answers, (
                f"claim answered None {empty} times running while records {sorted(waiting)} were due; declared are "
                f"{bench.traits.empty_answers}"
            )
            if record is not None:
                assert record.id in waiting, f"claimed record {record.id} twice"
                waiting.remove(record.id)

    @rule(
        "CLM-21",
        "a call that ended, found nothing or was refused keeps no due record from being claimed",
        text="a call that ended before, or found nothing, excuses nothing.",
        level=Level.CORE,
        cause="a lock or a mark on the record outlives the call that was refused, or is taken for looking",
        needs=(
            "FEN-02",
            "TRN-16",
        ),
    )
    def test_a_call_that_ended_keeps_no_due_record_from_being_claimed(self, bench: Bench) -> None:
        record = bench.insert(run_at=PAST)
        for name, call in calls_that_change_nothing(bench, record).items():
            call()
            try:
                record = claim_again(bench, record)
            except AssertionError as error:
                raise AssertionError(f"after {name} had ended, {error}") from error
            bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST))


def calls_that_change_nothing(bench: Bench, record: Record) -> dict[str, Callable[[], object]]:
    """Calls that name the record or see it, and leave it as it is."""
    backend, stale = bench.backend, 2**31
    calls: dict[str, Callable[[], object]] = {
        "claim on another queue": lambda: claim_nothing(bench, "nothing is there", queues=("elsewhere",)),
        "claim at a time before": lambda: claim_nothing(bench, "nothing was due then", now=EPOCH),
        "list": backend.list,
        "stats": backend.stats,
    }
    for verb in VERBS:
        params = finish_params(verb, record, attempt=stale)
        calls[f"{verb} that was refused"] = partial(assert_refused, backend, params, "nobody claimed it so")
    if isinstance(backend, SupportsExtend):
        extended = ExtendParams(id=record.id, attempt=stale)
        calls["extend that was refused"] = lambda: refuse_extension(backend, extended)
    return calls


def refuse_extension(backend: SupportsExtend, params: ExtendParams) -> None:
    try:
        backend.extend(params)
    except ClaimLostError:
        return
    raise AssertionError(f"extend of attempt {params.attempt} was accepted, although it was never claimed")
