"""LST: which records pass the filters of list."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from lazyjobs import ListOptions, RetryParams, State
from lazyjobs_testkit.areas.listing.rules import assert_ids, newest_first, settled, settled_list
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    FUTURE,
    HOUR,
    PAST,
    assert_all_same,
    assert_same,
    tick,
)
from lazyjobs_testkit.suite._trail import describe

NAMES = ("mail", "Mail", "mails", "mail/a", "ail")


class ListFilterTests:
    @rule(
        "LST-12",
        "list shows only records of the given kinds",
        text="Only these; None is every kind.",
        level=Level.CORE,
        cause="options.kinds is not looked at (a backend written before there was one), or only one of several is",
        needs=(
            "INS-03",
            "LST-11",
        ),
    )
    def test_list_shows_only_records_of_the_given_kinds(self, bench: Bench) -> None:
        of_kind = {kind: bench.insert(kind=kind, run_at=FUTURE).id for kind in NAMES}
        for kinds in subsets(NAMES):
            assert_filtered(bench, of_kind, kinds, ListOptions(limit=None, kinds=frozenset(kinds)))

    @rule(
        "LST-13",
        "list shows only records on the given queues",
        text="Only these; None is every queue.",
        level=Level.CORE,
        cause="options.queues is not looked at (a backend written before there was one), or only one of several is",
        needs=(
            "INS-03",
            "LST-11",
        ),
    )
    def test_list_shows_only_records_on_the_given_queues(self, bench: Bench) -> None:
        on_queue = {queue: bench.insert(queue=queue, run_at=FUTURE).id for queue in NAMES}
        for queues in subsets(NAMES):
            assert_filtered(bench, on_queue, queues, ListOptions(limit=None, queues=frozenset(queues)))

    @rule(
        "LST-14",
        "an empty set of kinds or queues shows nothing",
        text="an empty one lets nothing pass",
        level=Level.CORE,
        cause="`if options.kinds:` takes the empty set for None, or `IN ()` is an error of syntax",
        needs=(
            "LST-12",
            "LST-13",
        ),
    )
    def test_an_empty_set_of_kinds_or_queues_shows_nothing(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        for name, options in (
            ("kinds", ListOptions(kinds=frozenset())),
            ("queues", ListOptions(queues=frozenset())),
            ("kinds, and one queue,", ListOptions(kinds=frozenset(), queues=frozenset({"default"}))),
        ):
            shown = [record.id for record in settled(bench, options)]
            assert not shown, f"list of no {name} at all shows the records {shown}"

    @rule(
        "LST-15",
        "a record is shown only if it passes each filter that is given",
        text="Which records to list, and how many: those that pass each filter that is given.",
        level=Level.CORE,
        cause="the conditions are joined by OR, or an index serves one of them and the others are left out",
        needs=(
            "LST-05",
            "LST-12",
            "LST-13",
        ),
    )
    def test_a_record_is_shown_only_if_it_passes_each_filter(self, bench: Bench) -> None:
        bench.claimed(kind="a", queue="y", run_at=PAST, lease=HOUR)
        for kind, queue in product("ab", "xy"):
            bench.insert(kind=kind, queue=queue, run_at=FUTURE)
        everything = settled_list(bench)
        for kinds, queues, states in product(
            (None, "a", "ab"), (None, "y", "xy"), (None, State.PENDING, State.RUNNING)
        ):
            options = ListOptions(
                limit=None,
                kinds=None if kinds is None else frozenset(kinds),
                queues=None if queues is None else frozenset(queues),
                states=None if states is None else frozenset({states}),
            )
            expected = [
                record
                for record in everything
                if (kinds is None or record.kind in kinds)
                and (queues is None or record.queue in queues)
                and (states is None or record.state is states)
            ]
            assert_ids(settled(bench, options), expected, options)

    @rule(
        "LST-16",
        "the limit counts what passed the filters of kinds and queues",
        text="`limit` counts what passed.",
        level=Level.CORE,
        cause="the newest are fetched first and filtered afterwards (a DynamoDB Limit with a FilterExpression)",
        needs=(
            "LST-03",
            "LST-15",
        ),
    )
    def test_the_limit_counts_what_passed_the_filters(self, bench: Bench) -> None:
        wanted = [bench.insert(kind="a", queue="x", run_at=FUTURE) for _ in range(3)]
        tick(bench)
        for kind, queue in [("b", "x"), ("a", "y"), ("b", "y")] * 2:
            bench.insert(kind=kind, queue=queue, run_at=FUTURE)
        newest = newest_first(wanted)
        for limit in (1, 2, 3, 4):
            options = ListOptions(limit=limit, kinds=frozenset("a"), queues=frozenset("x"))
            assert_ids(settled(bench, options), newest[:limit], options)

    @rule(
        "LST-21",
        "a list without payloads shows everything else as it is, and later ones show the payloads",
        text='Without `options.payloads` the payloads may be `b""`; else each is what was inserted.',
        level=Level.CORE,
        cause="a shorter statement that leaves out more than the payload, or a cache that keeps what it read",
        needs=(
            "LST-11",
            "CLM-02",
            "TRN-06",
            "PAY-01",
        ),
    )
    def test_a_list_without_payloads_shows_everything_else(self, bench: Bench) -> None:
        retried = bench.claimed(run_at=PAST, payload=b'{"a":1}', worker="one")
        params = RetryParams(id=retried.id, attempt=1, run_at=FUTURE, last_error="why it is so", spare=True)
        bench.backend.retry(params)
        bench.claimed(run_at=PAST, payload=b'{"b":2}', lease=HOUR, worker="two")
        bench.insert(run_at=FUTURE, payload=b'{"c":3}')
        before = settled_list(bench)
        bare = settled(bench, ListOptions(limit=None, payloads=False))
        assert_ids(bare, before, ListOptions(limit=None, payloads=False))
        for record, shown in zip(before, bare, strict=True):
            assert_same(record, shown, "listing without payloads", but=("payload",))
            assert shown.payload in (b"", record.payload), (
                f"without payloads, list shows record {record.id} with the payload {shown.payload!r}; it may be b'' or "
                f"{record.payload!r}"
            )
        after = {record.id: record for record in settled_list(bench)}
        assert_all_same({record.id: record for record in before}, after, "listing without payloads")


def subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """One name at a time, all of them, and some between."""
    yield from ((name,) for name in names)
    yield from combinations(names, 2)
    yield tuple(names)
    yield (*names[:2], "no-such-name")


def assert_filtered(bench: Bench, ids: Mapping[str, int], names: Sequence[str], options: ListOptions) -> None:
    """Fails unless list with these options shows the records of these names, and no others."""
    shown = {record.id for record in settled(bench, options)}
    expected = {ids[name] for name in names if name in ids}
    assert shown == expected, f"list with {describe(options)} shows {shown or 'nothing'} instead of {expected}"
