"""What a run found out, as values: observations come in, a report goes out."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from lazyjobs_testkit.performance import Performance

SCHEMA = 1
"""Raised when a field of `Report` changes its meaning or goes."""


class Status(StrEnum):
    """What is known of a rule after a run."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    """Not tried, or not to be believed, because something it rests on failed."""
    NOT_APPLICABLE = "not_applicable"
    EXPECTED_FAILURE = "expected_failure"
    ERROR = "error"
    """Nothing is known of it: the kit, the harness or the machine failed while it was tried."""
    UNTESTED = "untested"


NO_TEST = "the suite has no test of it"
NOT_SELECTED = "not selected"
NOT_REACHED = "not reached"
NOT_RUN = (NOT_SELECTED, NOT_REACHED)


class Subject(Struct, frozen=True, kw_only=True):
    """The backend under test, as it was found."""

    name: str
    backend: str = ""
    """Its class, as `module.Class`."""
    distribution: str = ""
    version: str = ""
    declares: Mapping[str, str] = {}
    """The traits that differ from the default, and their values."""
    capabilities: tuple[str, ...] = ()
    """The optional methods that were seen."""


class Observation(Struct, frozen=True, kw_only=True):
    """How one test of a rule ended."""

    test: str
    """The test's node id."""
    rule: str
    status: Status
    reason: str = ""
    message: str = ""
    calls: tuple[str, ...] = ()
    seconds: float = 0.0
    subject: Subject | None = None
    problem: str = ""
    """What is wrong with the run as a whole."""


class Expectation(Struct, frozen=True, kw_only=True):
    """An expected failure as a suite states it, and whether its day has passed."""

    rule: str
    reason: str
    expired: bool


class Selection(Struct, frozen=True, kw_only=True):
    """What one suite of a run was to do: known once its tests are collected."""

    suite: str
    """The node id of the suite's class."""
    subject: Subject
    tests: Mapping[str, str]
    """The rule of each test that was selected, by node id."""
    overridden: Mapping[str, str] = {}
    """The rule of each test that the class has replaced or deleted, by the test's name."""
    expected: tuple[Expectation, ...] = ()
    reproduce: str
    """The command that tries one rule again; `{rule}` stands where the rule's id is to be."""
    notes: tuple[str, ...] = ()
    """What the reader of the report has to know."""


class RuleResult(Struct, frozen=True, kw_only=True):
    """A rule, and what became of it."""

    id: str
    title: str
    status: Status
    area: str
    keyword: str
    level: str
    since: int
    reason: str = ""
    """Why it is blocked, not applicable, untested, or expected to fail."""
    message: str = ""
    """What was expected, and what came back, where it failed."""
    calls: tuple[str, ...] = ()
    """The last calls before it failed, with their arguments and answers."""
    text: str
    """The contract's words."""
    cause: str
    """The usual cause of a failure."""
    reproduce: str = ""
    """The command that tries it again, where it failed."""
    tests: int = 0
    """How many tests tried it."""
    seconds: float = 0.0

    @property
    def was_run(self) -> bool:
        """Whether the run was to try it and came to it."""
        return self.reason not in NOT_RUN


class Report(Struct, frozen=True, kw_only=True):
    """What one run found out about one backend; as JSON, the content of conformance.json."""

    schema: int = SCHEMA
    kit: str
    """The kit's version."""
    contract: int
    """The version of the contract that the kit tries."""
    manifest: str
    """The manifest's hash: another one means other rules."""
    rules_expected: int
    """How many rules the manifest has; `rules` has as many, or something is missing."""
    backend: Subject
    level: str
    """The highest level reached: none, CORE, CONCURRENT or CRASH-SAFE."""
    level_reason: str = ""
    """What the next level takes."""
    first: str = ""
    """The failed rule that the most blocked rules rest on: the one to mend first; "" if nothing is blocked so."""
    counts: Mapping[str, int]
    """How many rules have each status; the statuses that none has are there with 0."""
    problems: tuple[str, ...] = ()
    """What makes the run fail beside its rules."""
    notes: tuple[str, ...] = ()
    """What else is worth knowing."""
    performance: Performance | None = None
    """How fast the backend is, where that was asked for; no part of the verdict."""
    seed: int
    thorough: bool
    started: datetime
    seconds: float
    python: str
    platform: str
    rules: tuple[RuleResult, ...]

    @property
    def errors(self) -> tuple[RuleResult, ...]:
        """The rules of which nothing is known, since something other than the backend failed."""
        return tuple(rule for rule in self.rules if rule.status is Status.ERROR)

    @property
    def failures(self) -> tuple[RuleResult, ...]:
        """The rules that failed, an expected failure that did not happen included."""
        return tuple(rule for rule in self.rules if rule.status is Status.FAILED)
