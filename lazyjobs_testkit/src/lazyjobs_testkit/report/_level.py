"""The highest level that a run shows."""

from collections.abc import Mapping

from lazyjobs_testkit.report._values import Status
from lazyjobs_testkit.rules import Keyword, Level, Rule

NO_LEVEL = "none"
_LADDER = (Level.CORE, Level.CONCURRENT, Level.CRASH_SAFE)
_HOLDS = (Status.PASSED, Status.NOT_APPLICABLE)
_SHOWN = 3


def reach_level(rules: Mapping[str, Rule], statuses: Mapping[str, Status], durable: bool) -> tuple[str, str]:
    """The highest level whose MUST rules, and those of the levels below, all hold; and what the next one takes."""
    reached = NO_LEVEL
    for level in _LADDER:
        if missing := _missing(level, rules, statuses, durable):
            return reached, f"{level} needs {missing}"
        reached = level.value
    return reached, ""


def _missing(level: Level, rules: Mapping[str, Rule], statuses: Mapping[str, Status], durable: bool) -> str:
    needed = [rule for rule in rules.values() if rule.level is level and rule.keyword is Keyword.MUST]
    if not needed:
        return "rules, and the manifest has none"
    if level is Level.CRASH_SAFE and not durable:
        return "the trait durable"
    broken = [rule.id for rule in needed if statuses[rule.id] not in _HOLDS]
    more = f" and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    return ", ".join(broken[:_SHOWN]) + more
