"""What a wrong clock may do."""

from lazyjobs_testkit.rules._rule import Level, Rule

RULES = (
    Rule(
        id="CLK-01",
        title="updated_at never goes back and created_at never changes, whatever the clock does",
        text="`updated_at` never goes back: it is the later of the clock and what it was.",
        level=Level.CORE,
        cause="updated_at is the clock, or is set by a trigger of the database",
        needs=("INS-01", "CLM-01", "TRN-01", "TRN-02", "TRN-03"),
        hook="set_clock",
    ),
    Rule(
        id="CLK-02",
        title="the backend's clock, right or wrong, decides what is due when no now is given",
        text="(`run_at` while pending or retrying, `lease_expires_at` while running) is not after now: `params.now` if "
        "given, else the backend's clock.",
        level=Level.CORE,
        cause="one statement asks the database's clock and another one the caller's",
        needs=("INS-01", "CLM-01", "CLM-10"),
        hook="set_clock",
    ),
    Rule(
        id="CLK-03",
        title="clocks that differ by no more than the tolerated skew break no claim, no finish and no order of times",
        text="A backend whose machines have clocks of their own declares the skew it tolerates.",
        level=Level.CRASH_SAFE,
        cause="a write is made to depend on being later than what is stored, by the writer's own clock",
        needs=("CLK-01",),
        trait="clock_skew",
        hook="set_clock",
    ),
)
