"""Which rules are tried at all, and what is said of the others."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from lazyjobs import SupportsExtend, SupportsPrune
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.plugin._gate import Gate
from lazyjobs_testkit.rules import Level, Rule


class NoPrune(MemoryBackend):
    prune = None  # type: ignore[assignment]


class ShelvedHarness(Harness):
    """Durable, with a clock to set, and without prune."""

    traits = Traits(durable=True, single_instance=True)
    opened: list[MemoryBackend]
    fails: Exception | None = None

    def open(self, namespace: str) -> MemoryBackend:
        if self.fails is not None:
            raise self.fails
        self.opened.append(NoPrune())
        return self.opened[-1]

    def destroy(self, namespace: str) -> None: ...

    def set_clock(self, namespace: str, offset: timedelta) -> None: ...


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> type[ShelvedHarness]:
    monkeypatch.setattr(ShelvedHarness, "opened", [], raising=False)
    monkeypatch.setattr(ShelvedHarness, "fails", None)
    return ShelvedHarness


@pytest.fixture
def gate(harness: type[ShelvedHarness]) -> Iterator[Gate]:
    gate = Gate(harness)
    yield gate
    assert gate.refusal == ""


RULE = Rule(id="CLM-04", title="it holds", text="It holds.", level=Level.CORE, cause="it does not")


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        replace(RULE, trait="durable"),
        replace(RULE, capability=SupportsExtend),
        replace(RULE, hook="set_clock"),
        replace(RULE, namespaces=2),
    ],
)
def test_a_rule_that_applies_is_tried(gate: Gate, rule: Rule) -> None:
    gate.admit(rule, {"STA-01": True})


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (replace(RULE, trait="multi_process"), "not applicable: multi_process is not declared"),
        (replace(RULE, capability=SupportsPrune), "not applicable: no prune"),
        (replace(RULE, hook="restart"), r"not applicable: the harness offers no restart\(\)"),
        (replace(RULE, since=2), "not applicable: new in contract 2; the backend was written for 1"),
    ],
)
def test_a_rule_that_does_not_apply_is_left_out_with_the_reason(gate: Gate, rule: Rule, reason: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=reason):
        gate.admit(rule, {})


def test_a_rule_that_rests_on_one_that_failed_is_blocked(gate: Gate) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"blocked: INS-01 failed"):
        gate.admit(replace(RULE, needs=("INS-01",)), {"INS-01": True})


def test_a_rule_is_blocked_by_what_its_needs_need(gate: Gate) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"blocked: INS-01 failed"):
        gate.admit(replace(RULE, needs=("CLM-01",)), {"INS-01": True})


def test_the_backend_is_looked_at_once(gate: Gate, harness: type[ShelvedHarness]) -> None:
    for _ in range(3):
        gate.admit(RULE, {})
    assert len(harness.opened) == 1
    assert gate.subject is not None
    assert gate.subject.declares == {"durable": "True", "single_instance": "True"}
    assert "extend" in gate.subject.capabilities
    assert "prune" not in gate.subject.capabilities


def test_a_backend_that_cannot_be_opened_says_why_once_and_blocks_the_rest(
    gate: Gate, harness: type[ShelvedHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "fails", ConnectionError("nobody is there"))
    with pytest.raises(ConnectionError):
        gate.admit(RULE, {})
    for _ in range(2):
        with pytest.raises(pytest.skip.Exception, match=r"blocked: .* ConnectionError: nobody is there"):
            gate.admit(RULE, {})
