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
from lazyjobs_testkit.suite._bench import Bench, rule
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

CLAIMED = ("state", "attempt", "lease_expires_at", "updated_at", "claimed_by", "taken_from", "abandoned")
CONFUSABLE = (
    "mail", "Mail", "MAIL", "mai", "mails", "mail_", "mail-", "mail.", "mail:", "mail/", "mail.a", "mail/a", "mail:a",
    "mail-a", "mail_a", "mailXa", "mail__a", "/mail", "a.mail", ".", "..", "_", "-", "1", "01", "1.0",
)  # fmt: skip
"""Queue names that are taken for one another where a name is a pattern, a path, a prefix, a number or has no case."""


class ClaimTests:
    @rule("CLM-01")
    def test_a_due_record_is_claimed(self, bench: Bench) -> None:
        record = bench.insert(run_at=PAST)
        claimed = bench.claim_due()
        assert claimed.id == record.id, f"claimed record {claimed.id}; there is none but record {record.id}"
        assert claimed.state == State.RUNNING, f"claim returned record {claimed.id} as {claimed.state}"

    @rule("CLM-02")
    def test_list_shows_what_claim_returned(self, bench: Bench) -> None:
        claimed = bench.claimed(run_at=PAST)
        changes = differences(claimed, stored(bench, claimed.id))
        assert not changes, f"what claim returned is not what list shows: {changes}"

    @rule("CLM-03")
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

    @rule("CLM-04")
    def test_due_records_come_in_order_of_their_due_times(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        hours = [3, 0, 4, 1, 5, 2]
        records = [bench.insert(run_at=PAST + hour * HOUR) for hour in hours]
        assert_in_order(claim_all(bench, len(hours)), records)

    @rule("CLM-05")
    def test_records_due_at_the_same_time_come_in_order_of_their_ids(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        records = [bench.insert(run_at=PAST) for _ in range(12)]
        assert_in_order(claim_all(bench, len(records)), records)

    @rule("CLM-06")
    def test_the_order_holds_over_all_queues_together(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        names = ["b", "a", "a", "c", "b", "a", "c", "b"]
        records = [bench.insert(queue=name, run_at=PAST + hour * HOUR) for hour, name in enumerate(names)]
        orders = [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a"), ("a", "c", "b")]
        claimed = [bench.claim_due(queues=queues) for queues in orders * 2]
        assert_in_order(claimed, records)

    @rule("CLM-07")
    def test_an_ended_lease_is_due_at_its_end_and_a_retried_record_at_its_run_at(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        retried = bench.claimed(run_at=PAST, lease=HOUR)
        bench.backend.retry(RetryParams(id=retried.id, attempt=retried.attempt, run_at=PAST + 2 * HOUR))
        ended = bench.claimed(run_at=PAST + 0.75 * HOUR, now=PAST + HOUR, lease=3 * HOUR)
        earlier, later, last = (bench.insert(run_at=PAST + hours * HOUR) for hours in (0.5, 3, 5))
        claimed = claim_all(bench, 5)
        names = {
            earlier.id: "pending",
            retried.id: "retrying",
            later.id: "pending",
            ended.id: "running, by the end of its lease",
            last.id: "pending",
        }
        expected = ", ".join(f"{id} ({name})" for id, name in names.items())
        shown = [record.id for record in claimed]
        assert shown == [*names], f"expected records {expected}, in this order of their due times; claimed {shown}"

    @rule("CLM-08")
    def test_a_record_is_due_at_its_due_time_exactly(self, bench: Bench) -> None:
        record = bench.insert(run_at=PAST)
        claim_again(bench, record, now=record.run_at)

    @rule("CLM-09")
    def test_a_future_now_makes_due_what_is_not_due_yet(self, bench: Bench) -> None:
        record = bench.insert(run_at=FUTURE)
        claim_again(bench, record, now=FUTURE + DAY)

    @rule("CLM-09")
    def test_a_past_now_finds_nothing_that_was_due_later(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        claim_nothing(bench, f"now was {describe(PAST - DAY)}", now=PAST - DAY)

    @rule("CLM-10")
    def test_without_a_now_the_clock_decides(self, bench: Bench) -> None:
        margin = HOUR / 2 + bench.traits.clock_skew + bench.traits.precision
        past, future = (bench.insert(run_at=bench.now() + offset) for offset in (-margin, margin))
        claimed = bench.claim_due()
        assert claimed.id == past.id, f"claimed record {claimed.id}, due in half an hour, before the one due already"
        claim_nothing(bench, f"record {future.id} is due in half an hour only")

    @rule("CLM-11")
    def test_only_the_given_queues_are_claimed_from(self, bench: Bench) -> None:
        there = [bench.insert(queue=name, run_at=PAST + DAY) for name in ("a", "c", "e")]
        elsewhere = [bench.insert(queue=name, run_at=PAST) for name in ("b", "d", "default")]
        claimed = {bench.claim_due(queues=("a", "c", "e")).id for _ in there}
        expected = {record.id for record in there}
        assert claimed == expected, f"claims on the queues a, c and e got records {claimed} instead of {expected}"
        claim_nothing(bench, f"records {[record.id for record in elsewhere]} are on others", queues=("a", "c", "e"))

    @rule("CLM-12")
    def test_queue_names_that_look_alike_are_told_apart(self, bench: Bench) -> None:
        for name in CONFUSABLE:
            bench.insert(queue=name, run_at=PAST)
        for name in bench.random.sample(CONFUSABLE, len(CONFUSABLE)):
            claimed = bench.claim_due(queues=(name,))
            assert claimed.queue == name, f"a claim on {name!r} got record {claimed.id} of {claimed.queue!r}"
            claim_nothing(bench, f"there was one record on {name!r}", queues=(name,))

    @rule("CLM-13")
    def test_a_claim_may_name_many_queues(self, bench: Bench) -> None:
        names = tuple(f"queue-{number}" for number in range(128))
        expected = {bench.insert(queue=names[place], run_at=PAST).id for place in (0, 60, 127)}
        claimed = {record.id for record in claim_all(bench, 3, queues=names)}
        assert claimed == expected, f"three claims on {len(names)} queues got records {claimed} instead of {expected}"

    @rule("CLM-14")
    def test_a_claim_with_nothing_due_changes_nothing(self, bench: Bench) -> None:
        claim_nothing(bench, "there was none", queues=("unknown",))
        held = bench.claimed(run_at=PAST, lease=HOUR)
        waiting = bench.insert(run_at=FUTURE)
        claim_nothing(bench, "the one record is held and the other not due")
        claim_nothing(bench, "no record is on that queue", queues=("unknown",))
        before = {record.id: record for record in (held, waiting)}
        assert_all_same(before, bench.records(), "a claim that answered None")

    @rule("CLM-15")
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

    @rule("CLM-16")
    def test_claiming_one_record_leaves_every_other_as_it_was(self, bench: Bench) -> None:
        before = {record.id: record for record in [*insert_in_turn(bench, 3), *insert_in_turn(bench, 2, queue="other")]}
        claimed = bench.claim_due()
        after = bench.records()
        for records in (before, after):
            records.pop(claimed.id, None)
        assert_all_same(before, after, f"claiming record {claimed.id}")

    @rule("CLM-17")
    def test_a_record_is_claimed_with_attempt_above_max_attempts(self, bench: Bench) -> None:
        first = claim_ended(bench, max_attempts=1)
        second = claim_again(bench, first)
        assert second.attempt == 2, f"the second claim of a record with max_attempts=1 has attempt {second.attempt}"

    @rule("CLM-18")
    def test_a_claimed_record_is_handed_to_nobody_else(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        claim_nothing(bench, f"record {record.id} is held for an hour")
        if not bench.traits.single_instance:
            again = bench.open().claim(ClaimParams())
            assert again is None, f"another instance claimed record {record.id}, which is held for an hour"

    @rule("CLM-19")
    def test_finished_records_are_never_claimed(self, bench: Bench) -> None:
        keeps_finished(bench)
        for _ in range(2):
            record = bench.claimed(run_at=PAST)
            bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
            record = bench.claimed(run_at=PAST)
            bench.backend.discard(DiscardParams(id=record.id, attempt=record.attempt))
        claim_nothing(bench, "every record is finished")
        claim_nothing(bench, "every record is finished", now=FUTURE)

    @rule("CLM-20")
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

    @rule("CLM-21")
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


def needs_strict_ordering(bench: Bench) -> None:
    """Ends the test for a backend that takes any due record."""
    if bench.traits.ordering != "strict":
        bench.not_applicable(f"ordering is declared {bench.traits.ordering}")


def assert_in_order(claimed: list[Record], inserted: list[Record]) -> None:
    """Fails unless all were claimed, by the run_at that insert returned and then by id."""
    due = {record.id: (record.run_at, record.id) for record in inserted}
    waiting = sorted(due, key=due.__getitem__)
    for record in claimed:
        assert record.id in waiting, f"claimed record {record.id} twice"
        first = waiting[0]
        assert record.id == first, (
            f"claimed id {record.id} (run_at {describe(due[record.id][0])}, queue {record.queue}) "
            f"before id {first} (run_at {describe(due[first][0])})"
        )
        waiting.remove(record.id)
