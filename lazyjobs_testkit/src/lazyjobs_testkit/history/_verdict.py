"""What is wrong with a history, and what became of its records."""

from collections.abc import Collection

from msgspec import Struct

from lazyjobs_testkit.model import Fault


class Violation(Struct, frozen=True):
    """One thing that the contract does not allow."""

    fault: Fault
    reason: str
    operations: tuple[int, ...]
    """The calls that show it, by their place in the history; the last is the one whose answer is wrong."""
    records: tuple[int, ...]
    """The ids that it concerns."""

    def __str__(self) -> str:
        return f"{self.fault}: {self.reason}"


class Tally(Struct, frozen=True, kw_only=True):
    """What became of the records, by number."""

    inserted: int
    """Acknowledged to whoever inserted them."""
    claims: int
    recovered: int
    """Claims of a record whose holder had let its lease end."""
    finished: int
    """Finishes that were accepted."""
    refused: int
    """Finishes that were refused, as the claim was lost."""
    unknown: int
    """Calls without an answer."""
    duplicated: int
    """Records that two held at once."""
    lost: int
    """Records that were acknowledged and are gone."""
    invented: int
    """Records that nobody inserted."""

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, name)} {name}" for name in self.__struct_fields__)


class Verdict(Struct, frozen=True):
    """Everything found in a history; empty means that the contract allows it."""

    violations: tuple[Violation, ...]
    tally: Tally

    def of(self, faults: Collection[Fault]) -> tuple[Violation, ...]:
        """The violations of these sorts."""
        return tuple(violation for violation in self.violations if violation.fault in faults)

    def __str__(self) -> str:
        found = [str(violation) for violation in self.violations] or ["every answer is allowed"]
        return "\n".join([*found, str(self.tally)])
