"""What one rule of the contract is to the kit."""

from enum import StrEnum

from msgspec import Struct


class Area(StrEnum):
    """A part of the contract; the value is what its rules' ids begin with, the order that of every report."""

    INSERT = "INS"
    PAYLOAD = "PAY"
    TIME = "TIM"
    CLAIM = "CLM"
    FINISH = "TRN"
    FENCING = "FEN"
    LEASE = "LSE"
    FIELDS = "FLD"
    LIST = "LST"
    STATS = "STA"
    ISOLATION = "ISO"
    ALIASING = "ALI"
    ERRORS = "ERR"
    FAULTS = "FLT"
    URL = "URL"
    CLOSING = "CLS"
    LEAKS = "LEK"
    STATEFUL = "STF"
    CONCURRENCY = "CON"
    DURABILITY = "DUR"
    SCHEMA = "MIG"
    CLOCKS = "CLK"
    EXTEND = "EXT"
    BULK = "BLK"
    WAIT = "WAI"
    PRUNE = "PRU"

    @property
    def label(self) -> str:
        """The area's name as reports show it."""
        return self.name.lower()


class Keyword(StrEnum):
    """How binding a rule is: only a MUST decides a level."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Level(StrEnum):
    """What a rule counts for. The first three build on one another; capabilities stand beside them."""

    CORE = "CORE"
    CONCURRENT = "CONCURRENT"
    CRASH_SAFE = "CRASH-SAFE"
    CAPABILITY = "CAPABILITY"


class Rule(Struct, frozen=True, kw_only=True):
    """One statement of the contract that a backend keeps or breaks; its id never changes its meaning."""

    id: str
    """The area's code and a number of two digits, such as CLM-04."""
    title: str
    """One sentence, in lower case, without a full stop."""
    text: str
    """The contract's own words."""
    keyword: Keyword = Keyword.MUST
    level: Level
    since: int = 1
    """The contract version that brought it."""
    cause: str
    """Why a backend usually breaks it."""
    needs: tuple[str, ...] = ()
    """Ids of the rules without which this one says nothing: if one of them failed, this one is reported blocked.

    What they need in turn is implied, and not repeated here."""
    needs_areas: tuple[Area, ...] = ()
    """Areas it needs as a whole: their CORE rules, or all of an area that has none."""
    capability: type | None = None
    """The optional protocol it is about; it does not apply to a backend without it."""
    trait: str = ""
    """The trait it is about; it does not apply to a backend that does not declare it."""
    hook: str = ""
    """The method of a harness it cannot be tried without; it does not apply where the harness has none."""
    namespaces: int = 1
    """How many namespaces it takes to try it."""

    @property
    def area(self) -> Area:
        """The part of the contract it belongs to."""
        return Area(self.id.partition("-")[0])
