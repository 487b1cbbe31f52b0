"""LST: what list shows before a place, and the pages that this makes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from msgspec.structs import replace

from lazyjobs import ListOptions, Record, State
from lazyjobs_testkit.areas.listing.rules import assert_ids, settled, settled_list, shuffled_by_claims
from lazyjobs_testkit.model import MAX_ID
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import EPOCH, HOUR, LAST, MICROSECOND, PAST, tick

_BEFORE = "With `before`, only records whose `(updated_at, id)` is smaller."

_ENDLESS = 100


class PageTests:
    @rule(
        "LST-17",
        "with before list shows only what was updated earlier, or at that time with a smaller id",
        text=_BEFORE,
        level=Level.CORE,
        cause="options.before is not looked at (a backend written before there was one), or the time alone is compared",
        needs=(
            "LST-01",
            "LST-11",
        ),
    )
    def test_before_shows_only_what_is_smaller(self, bench: Bench) -> None:
        shuffled_by_claims(bench)
        everything = settled_list(bench)
        for record in everything:
            for id in (record.id, record.id + 1, record.id - 1, 0, MAX_ID):
                assert_before(bench, everything, (record.updated_at, id))

    @rule(
        "LST-18",
        "what list is to show before is compared as given, to the microsecond, whether a record is there or not",
        text="It is compared as given, never rounded, and need not be a record's.",
        level=Level.CORE,
        cause="the time is rounded as those that are stored, or the place is looked up by its id",
        needs=("LST-17",),
    )
    def test_before_is_compared_as_given(self, bench: Bench) -> None:
        shuffled_by_claims(bench)
        everything = settled_list(bench)
        moments = [
            EPOCH,
            LAST,
            *(record.updated_at + step for record in everything for step in (-MICROSECOND, MICROSECOND)),
        ]
        for moment in moments:
            for id in (0, everything[0].id, 10**12, MAX_ID):
                assert_before(bench, everything, (moment, id))

    @rule(
        "LST-19",
        "pages of any size, each before the last record of the one before, make the whole list",
        text="So each page's last record gives the next page",
        level=Level.CORE,
        cause="the limit is applied before `before` is, or a filter is forgotten on a further page",
        needs=(
            "LST-16",
            "LST-17",
        ),
    )
    def test_pages_make_the_whole_list(self, bench: Bench) -> None:
        for number in range(7):
            bench.insert(kind="ab"[number % 2], queue="xyz"[number % 3], run_at=PAST)
        for _ in range(3):
            bench.claim_due(queues=("x", "y"), lease=HOUR)
        filters = (
            ListOptions(limit=None),
            ListOptions(limit=None, kinds=frozenset("a")),
            ListOptions(limit=None, queues=frozenset("xz"), states=frozenset({State.PENDING, State.RUNNING})),
        )
        for options in filters:
            everything = settled(bench, options)
            for size in (1, 3):
                pages = [record for page in pages_of(bench, replace(options, limit=size)) for record in page]
                assert_ids(pages, everything, replace(options, limit=size))

    @rule(
        "LST-20",
        "pages show no record twice and miss none that stayed as it was, while others change",
        text="together the pages show no record twice and miss only what changed after the first.",
        level=Level.CORE,
        cause="a page is found by an offset, or by where its last record is now instead of where it was",
        needs=(
            "LST-19",
            "CLM-15",
            "CLM-21",
        ),
    )
    @pytest.mark.parametrize("size", [1, 3])
    def test_pages_show_no_record_twice_while_records_change(self, bench: Bench, size: int) -> None:
        queues = [f"moves-{n}" if n % 2 else "stays" for n in range(10)]
        inserted = [bench.insert(queue=queue, run_at=PAST) for queue in queues]
        stays = {record.id for record in inserted if record.queue == "stays"}
        seen: list[int] = []
        for page in pages_of(bench, ListOptions(limit=size)):
            last = page[-1]
            if last.queue != "stays" and last.id not in seen:
                tick(bench)
                bench.claim_due(queues=(last.queue,), lease=HOUR)
            seen += [record.id for record in page]
        twice = sorted(id for id, times in Counter(seen).items() if times > 1)
        assert not twice, f"pages show records {twice} twice while others change: {seen}"
        assert stays <= set(seen), f"pages miss records that stayed as they were: {sorted(stays - set(seen))}"


def assert_before(bench: Bench, everything: Sequence[Record], place: tuple[datetime, int]) -> None:
    """Fails unless list shows exactly what of `everything` is before that place."""
    if not 0 <= place[1] <= MAX_ID:
        return
    options = ListOptions(limit=None, before=place)
    expected = [record for record in everything if (record.updated_at, record.id) < place]
    assert_ids(settled(bench, options), expected, options)


def pages_of(bench: Bench, options: ListOptions) -> Iterator[Sequence[Record]]:
    """Page after page, each before the last record of the one before, until one is empty."""
    seen = 0
    while page := settled(bench, options):
        yield page
        seen += len(page)
        assert seen <= _ENDLESS, f"after {seen} records the pages of list still do not end"
        options = replace(options, before=(page[-1].updated_at, page[-1].id))
