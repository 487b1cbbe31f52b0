"""`lazyjobs stats`: how many records there are."""

from lazyjobs import Backend, State
from tests.support.commands import Command
from tests.support.operations import stock


def test_it_counts_by_queue_state_and_kind(command: Command, backend: Backend, backend_url: str) -> None:
    stock(backend)
    assert command.done("stats", "--backend", backend_url).lines == [
        "QUEUE       PENDING  RUNNING  RETRYING  SUCCEEDED  DISCARDED  TOTAL",
        "bulk              0        1         0          0          0      1",
        "default           1        0         0          1          0      2",
        "mail              0        0         1          0          1      2",
        "all queues        1        1         1          1          1      5",
        "",
        "KIND          TOTAL",
        "mail.welcome      2",
        "sum               3",
    ]


def test_for_programs_every_state_is_there(command: Command, backend: Backend, backend_url: str) -> None:
    stock(backend)
    counts = command.done("stats", "--json", "--backend", backend_url).json
    none = {str(state): 0 for state in State}
    assert counts == {
        "total": 5,
        "by_state": {str(state): 1 for state in State},
        "by_kind": {"mail.welcome": 2, "sum": 3},
        "by_queue": {"bulk": 1, "default": 2, "mail": 2},
        "by_queue_state": {
            "bulk": {**none, "running": 1},
            "default": {**none, "pending": 1, "succeeded": 1},
            "mail": {**none, "retrying": 1, "discarded": 1},
        },
    }


def test_nothing_is_counted_where_nothing_is(command: Command, backend_url: str) -> None:
    assert command.done("stats", "--backend", backend_url).lines == [
        "QUEUE       PENDING  RUNNING  RETRYING  SUCCEEDED  DISCARDED  TOTAL",
        "all queues        0        0         0          0          0      0",
    ]
