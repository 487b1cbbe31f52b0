"""MIG: what an older and a newer version of the backend left behind."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from lazyjobs import (
    Backend,
    BackendError,
    ClaimParams,
    CompleteParams,
    InsertParams,
    ListOptions,
    Record,
    State,
    SupportsClose,
)
from lazyjobs_testkit.areas.claim.rules import CLAIMED
from lazyjobs_testkit.crash import FINISHED, Site
from lazyjobs_testkit.harness import SupportsNewerSchema, SupportsOldSchema
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._kills import namespaces, try_opening_together
from lazyjobs_testkit.suite._support import assert_all_same, assert_same
from lazyjobs_testkit.suite._trail import record_calls

_SCHEMAS = "an older schema is upgraded with its records intact, a newer one is refused untouched"


class SchemaTests:
    @rule(
        "MIG-01",
        "what an older version wrote is opened with every record intact",
        text=_SCHEMAS,
        level=Level.CRASH_SAFE,
        cause="a new column without a value for the old rows, times or payloads converted on the way, rows that the "
        "new queries do not find",
        trait="durable",
        hook="old_schema",
        namespaces=2,
        needs=("DUR-01",),
    )
    def test_what_an_older_version_wrote_is_opened_intact(self, bench: Bench) -> None:
        with namespaces(bench) as create:
            namespace = create()
            before = _written_by_an_older_version(bench, namespace)
            for occasion in ("the upgrade", "opening again after the upgrade"):
                with _opened(bench, namespace) as upgraded:
                    assert_all_same(before, _records(upgraded), occasion)

    @rule(
        "MIG-02",
        "records that an older version wrote are claimed and finished like new ones",
        text=_SCHEMAS,
        level=Level.CRASH_SAFE,
        cause="the old records are listed, but not entered into the index or queue that claim looks at",
        trait="durable",
        hook="old_schema",
        namespaces=2,
        needs=("MIG-01",),
    )
    def test_old_records_are_claimed_and_finished_like_new_ones(self, bench: Bench) -> None:
        with namespaces(bench) as create:
            namespace = create()
            before = _written_by_an_older_version(bench, namespace)
            with _opened(bench, namespace) as upgraded:
                _finish_all(bench, upgraded, [record for record in before.values() if record.state not in FINISHED])
                inserted = upgraded.insert(InsertParams(kind=KIND))
                assert inserted.id not in before, f"id {inserted.id} was given again after the upgrade"

    @rule(
        "MIG-03",
        "several processes may upgrade what an older version wrote at the same moment",
        text="First opening by several processes at once is safe; an older schema is upgraded with its records intact",
        level=Level.CRASH_SAFE,
        cause="each process finds the old version and upgrades, the second one what the first has upgraded already",
        trait="multi_process",
        hook="old_schema",
        namespaces=2,
        needs=(
            "MIG-01",
            "DUR-09",
        ),
    )
    def test_several_processes_upgrade_at_the_same_moment(self, bench: Bench) -> None:
        def prepare(site: Site) -> None:
            site.begin_with([*_written_by_an_older_version(bench, site.namespace).values()])

        try_opening_together(bench, "processes opened what an older version had written", prepare, 1.2 * bench.budget)

    @rule(
        "MIG-04",
        "what a newer version wrote is refused with BackendError and left untouched",
        text=_SCHEMAS,
        level=Level.CRASH_SAFE,
        cause="the version is not stored, not looked at, or looked at after the tables were made",
        trait="durable",
        hook="newer_schema",
        namespaces=2,
        needs=("INS-01",),
    )
    def test_what_a_newer_version_wrote_is_refused_and_left_untouched(self, bench: Bench) -> None:
        harness = bench.harness
        assert isinstance(harness, SupportsNewerSchema)
        with namespaces(bench) as create:
            namespace = create()
            read = harness.newer_schema(namespace)
            before = read()
            _assert_refused(bench, namespace)
            assert read() == before, "what a newer version had written was changed by the attempt to open and use it"


def _written_by_an_older_version(bench: Bench, namespace: str) -> Mapping[int, Record]:
    harness = bench.harness
    assert isinstance(harness, SupportsOldSchema)
    records = {record.id: record for record in harness.old_schema(namespace)}
    if not any(record.state not in FINISHED for record in records.values()):
        bench.blocked("old_schema() made no record that is still to be claimed")
    return records


@contextmanager
def _opened(bench: Bench, namespace: str) -> Iterator[Backend]:
    backend = bench.harness.open(namespace)
    try:
        yield record_calls(backend, "upgraded", bench.trail)
    finally:
        if isinstance(backend, SupportsClose):
            backend.close()


def _records(backend: Backend) -> Mapping[int, Record]:
    return {record.id: record for record in backend.list(ListOptions(limit=None))}


def _finish_all(bench: Bench, backend: Backend, unfinished: Sequence[Record]) -> None:
    left = {record.id: record for record in unfinished}
    now = max(record.lease_expires_at or record.run_at for record in unfinished)
    claim = ClaimParams(queues=tuple({record.queue for record in unfinished}), now=now)
    empties = 0
    while left and empties <= bench.traits.empty_answers:
        record = backend.claim(claim)
        empties = empties + 1 if record is None else 0
        if record is not None and (before := left.pop(record.id, None)) is not None:
            assert_same(before, record, "claiming", but=CLAIMED)
            assert record.attempt == before.attempt + 1, f"the old record {record.id} was claimed as {record}"
            backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    assert not left, f"the old records {sorted(left)} are due and were not handed out"
    states = {record.state for record in _records(backend).values() if record.id in {each.id for each in unfinished}}
    assert states == {State.SUCCEEDED}, f"old records that were completed are {', '.join(sorted(states))}"


def _assert_refused(bench: Bench, namespace: str) -> None:
    try:
        with _opened(bench, namespace) as backend:
            _use(backend)
    except BackendError:
        return
    raise AssertionError("what a newer version had written was opened and used, where BackendError was to be raised")


def _use(backend: Backend) -> None:
    backend.insert(InsertParams(kind=KIND))
    backend.claim(ClaimParams())
    backend.list()
