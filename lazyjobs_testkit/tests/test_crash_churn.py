"""The worker in a hurry uses the methods it is told to, and repeats a finish until it is answered."""

from collections.abc import Sequence

import pytest

from lazyjobs import Backend
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import churn

BEYOND = ("insert_many", "claim_many", "finish_and_claim", "extend", "prune")


def _play(backend: Backend, methods: Sequence[str]) -> list[m.Request]:
    requests = churn(1, "worker", ("a", "b"), methods)
    made = [next(requests)]
    for _ in range(500):
        made.append(requests.send(m.ask(backend, made[-1])))
    return made


def test_only_the_required_methods_are_used_unless_told_otherwise() -> None:
    used = {request.method for request in _play(MemoryBackend(), ())}
    assert used == {"insert", "claim", "complete", "retry", "discard"}


def test_the_methods_that_are_told_are_used_too() -> None:
    assert set(BEYOND) <= {request.method for request in _play(MemoryBackend(), BEYOND)}


@pytest.mark.parametrize("methods", [(), BEYOND])
def test_a_finish_without_an_answer_is_repeated(methods: Sequence[str]) -> None:
    backend = MemoryBackend()
    requests = churn(1, "worker", ("a",), methods)
    request = next(requests)
    while not isinstance(request, m.Finish | m.FinishAndClaim):
        request = requests.send(m.ask(backend, request))
    assert requests.send(m.Unknown("no answer")) is request
    assert requests.send(m.ask(backend, request)) is not request
