"""What times look like and which clock they come from."""

from lazyjobs_testkit.rules._rule import Level, Rule

RULES = (
    Rule(
        id="TIM-01",
        title="every time handed out is aware and in UTC",
        text="All times are aware, in UTC, with at most microseconds.",
        level=Level.CORE,
        cause="the database's driver answers naive or local times, or fromtimestamp() without a zone",
        needs=("INS-01", "CLM-01"),
    ),
    Rule(
        id="TIM-02",
        title="times keep their microseconds, or are rounded up to the declared precision",
        text="Aware UTC with microseconds. A backend may declare a coarser precision; it then rounds up, and the time "
        "it returns is the one that decides.",
        level=Level.CORE,
        cause="a float of seconds, a column of milliseconds or seconds, int() where rounding up is due",
        needs=("INS-01", "INS-04"),
    ),
    Rule(
        id="TIM-03",
        title="times from the first moment of 1970 to the last of 2200 are kept",
        text="years 1970 to 2200",
        level=Level.CORE,
        cause="`if run_at` where the epoch is 0 and false, 32-bit seconds that end in 2038, floats that lose "
        "microseconds, years written without leading zeros",
        needs=("INS-01", "INS-04", "CLM-01", "CLM-09", "TIM-02"),
    ),
    Rule(
        id="TIM-04",
        title="created_at and updated_at of a new record are the backend's clock",
        text="`created_at` and `updated_at` come from the backend's own clock",
        level=Level.CORE,
        cause="the local time taken for UTC, run_at copied into them, a clock far off without a declared clock_skew",
        needs=("INS-01",),
    ),
    Rule(
        id="TIM-05",
        title="created_at never changes",
        text="The backend's clock at the insert; never changed.",
        level=Level.CORE,
        cause="a timestamp column that the database updates by itself, or records written anew at each transition",
        needs=("INS-01", "CLM-01", "TRN-01", "TRN-02", "TRN-16"),
    ),
    Rule(
        id="TIM-06",
        title="each transition moves updated_at on to the backend's clock",
        text="The backend's clock at the last transition, but never earlier than before; extending a lease is none.",
        level=Level.CORE,
        cause="one of the four UPDATE statements does not set it",
        needs=("INS-01", "CLM-01", "TRN-01", "TRN-02", "TRN-03", "INS-06"),
    ),
    Rule(
        id="TIM-07",
        title="a now given to claim touches neither updated_at nor created_at",
        text="A `now` given to claim or extend decides what is due and where the lease ends, and touches neither of "
        "them.",
        level=Level.CORE,
        cause="claim computes now once and uses it for updated_at too",
        needs=("INS-01", "CLM-01", "CLM-09", "TIM-04", "INS-04", "INS-06", "TRN-01"),
    ),
    Rule(
        id="TIM-08",
        title="the time that is returned decides, be it rounded or not",
        text="it then rounds up, and the time it returns is the one that decides",
        level=Level.CORE,
        cause="dueness is decided on another column, or on another unit, than the one returned",
        needs=("INS-01", "CLM-01", "CLM-09"),
    ),
)
