"""Each broken durable backend is caught by the rule that it breaks, and a correct one by none."""

from pathlib import Path
from typing import Any

import pytest

from lazyjobs_testkit.harness import Harness, load_harness
from lazyjobs_testkit.suite import _clerk, clocks, durability, faults, leaks, schema
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._rule import rule_of

BACKENDS = Path(__file__).with_name("durable_backends.py")
SEED = 11

BROKEN = (
    ("BackgroundWriter", "DUR-02", "lost|altered"),
    ("LateCommitter", "DUR-02", "lost|altered"),
    ("InPlaceWriter", "DUR-03", "lost"),
    ("TwoStepFinisher", "DUR-03", "altered"),
    ("TwoStepClaimer", "DUR-03", "altered"),
    ("TwoCommitter", "DUR-03", "the finish was done, and the claim was not"),
    ("Deserter", "DUR-04", "no claim hands out"),
    ("LeaselessClaimer", "DUR-04", "no claim hands out"),
    ("LockLeaver", "DUR-04", "BackendUnavailableError"),
    ("IdForgetter", "DUR-05", "again"),
    ("IdRestarter", "DUR-05", "again"),
    ("LeaseForgetter", "DUR-06", "was leased until"),
    ("FenceForgetter", "DUR-07", "overwritten"),
    ("HalfOpener", "DUR-08", "truncated"),
    ("HastyOpener", "DUR-09", "reused id|FileNotFoundError|lost"),
    ("UnlockedWriter", "DUR-10", "duplicated|altered|lost|reused id|refused|overwritten|invented|unexpected"),
    ("ForgetfulRestart", "DUR-11", "lost|altered|duplicated|reused id|refused|overwritten|invented"),
    ("Sulker", "FLT-01", "still broken"),
    ("LockKeeper", "FLT-01", "had not returned"),
    ("ErrorLeaker", "FLT-02", "no BackendError"),
    ("CauseDropper", "FLT-02", "without a __cause__"),
    ("TwoStepFinisher", "FLT-03", "altered"),
    ("Repeater", "FLT-04", "invented"),
    ("RepeatRefuser", "FLT-05", "asked for again"),
    ("LeaselessClaimer", "FLT-06", "no claim hands out"),
    ("Swallower", "FLT-07", "answered all the same"),
    ("ClockFollower", "CLK-01", "changed updated_at"),
    ("TwoClocks", "CLK-02", "although a record is due"),
    ("LastWriterWins", "CLK-03", "no longer holds"),
    ("ErrorDropper", "MIG-01", "last_error"),
    ("OldQueueIgnorer", "MIG-02", "not handed out"),
    ("DoubleUpgrader", "MIG-03", "reused id|lost"),
    ("VersionIgnorer", "MIG-04", "opened and used"),
    ("VersionStamper", "MIG-04", "was changed"),
    ("ThreadLeaver", "LEK-01", "more threads"),
    ("DescriptorLeaver", "LEK-02", "more open files"),
    ("TemporaryLeaver", "LEK-03", "more temporary files"),
)
"""A backend, the rule that it breaks, and a part of what the failure must say."""
RULES = sorted({rule for _, rule, _ in BROKEN} - {"DUR-11"} | {"DUR-01"})
KEPT = [
    ("Restarting", "DUR-11"),
    *(("File", rule) for rule in RULES),
    *(("Versatile", rule) for rule in RULES if rule in ("DUR-02", "DUR-03", "DUR-04", "DUR-06", "FLT-03")),
    *(("Wavering", rule) for rule in RULES if rule.startswith("CLK")),
    *(("ShortSleeper", rule) for rule in ("DUR-03", "DUR-09", "DUR-10")),
]
"""Correct backends, each with the rules for which its peculiarity matters."""


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_clerk, "_PATIENCE", 0.5)
    monkeypatch.setattr(leaks, "_PATIENCE", 0.2)


@pytest.mark.parametrize(("backend", "rule", "told"), BROKEN, ids=[f"{name}-{rule}" for name, rule, _ in BROKEN])
def test_a_broken_backend_is_caught_by_the_rule_it_breaks(
    request: pytest.FixtureRequest, backend: str, rule: str, told: str
) -> None:
    with pytest.raises(Exception, match=told):
        try_rule(request, harness_of(backend), rule)


@pytest.mark.parametrize(("backend", "rule"), KEPT, ids=[f"{name}-{rule}" for name, rule in KEPT])
def test_a_correct_backend_keeps_every_rule(request: pytest.FixtureRequest, backend: str, rule: str) -> None:
    try_rule(request, harness_of(backend), rule, budget=0.2)


def harness_of(backend: str) -> type[Harness]:
    return load_harness(f"{BACKENDS}:{backend}Harness")


def try_rule(request: pytest.FixtureRequest, harness: type[Harness], rule: str, budget: float = 1.0) -> None:
    """Runs every test that the suite has for a rule, as pytest would."""
    for area in (durability.DurabilityTests, faults.FaultTests, clocks.ClockTests, schema.SchemaTests, leaks.LeakTests):
        for test in [test for test in vars(area).values() if rule_of(test) == rule]:
            for arguments in parameters_of(test):
                fixtures = {name: request.getfixturevalue(name) for name in fixtures_of(test) - arguments.keys()}
                with Bench(harness(), seed=SEED, budget=budget) as bench:
                    test(area(), bench, **arguments, **fixtures)


def parameters_of(test: Any) -> list[dict[str, Any]]:
    parametrized = [mark.args for mark in test.pytestmark if mark.name == "parametrize"]
    return [{name: value} for name, values in parametrized for value in values] or [{}]


def fixtures_of(test: Any) -> set[str]:
    return {"tmp_path", "monkeypatch"}.intersection(test.__code__.co_varnames[: test.__code__.co_argcount])
