"""What a runner shows of itself."""

import msgspec

from lazyjobs import Definition, JobRunner, State
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action

RECORD_KEYS = {
    "id", "kind", "queue", "state", "attempt", "max_attempts", "run_at", "created_at", "updated_at",
    "lease_expires_at", "last_error", "abandoned", "claimed_by", "taken_from", "spared",
}  # fmt: skip


def test_a_snapshot_holds_the_runner_its_jobs_the_counts_and_the_newest_records() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    records = [runner.enqueue(action(lambda: None)) for _ in range(120)]
    snapshot = runner.snapshot()
    assert not snapshot.running
    assert snapshot.definitions == (
        Definition(kind="do", type="tests.support.jobs.Do", queue="default", max_attempts=25),
    )
    assert snapshot.stats.by_state == {State.PENDING: 120}
    assert [summary.id for summary in snapshot.recent] == [record.id for record in reversed(records)][:100]


def test_a_started_runner_is_shown_as_running() -> None:
    with JobRunner(MemoryBackend(), jobs=[Do]) as runner:
        assert runner.snapshot().running


def test_its_json_has_the_same_keys_and_no_payload() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue(Do(name="a secret"))
    encoded = msgspec.json.encode(runner.snapshot())
    assert b"a secret" not in encoded
    decoded = msgspec.json.decode(encoded)
    assert decoded.keys() == {"running", "definitions", "stats", "recent"}
    assert decoded["definitions"][0].keys() == {"kind", "type", "queue", "max_attempts"}
    assert decoded["stats"].keys() == {"total", "by_state", "by_kind", "by_queue", "by_queue_state"}
    assert decoded["recent"][0].keys() == RECORD_KEYS
