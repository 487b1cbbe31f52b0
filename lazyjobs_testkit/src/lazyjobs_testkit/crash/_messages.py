"""What the kit's process and its child processes say to one another."""

from msgspec import Struct

from lazyjobs_testkit.history._operation import Operation
from lazyjobs_testkit.model import Request

AFTER_THE_ANSWER = 2**62
"""A step that no call has."""


class Open(Struct, frozen=True, kw_only=True):
    """Open the namespace, not before that reading of the monotonic clock; what was open before is closed.

    For `kill_at` see `Ask`; `pause_at` is likewise a step, before which the process waits for `Resume`.
    """

    namespace: str
    not_before: int = 0
    kill_at: int | None = None
    pause_at: int | None = None


class Ask(Struct, frozen=True, kw_only=True):
    """Make a call on the open handle.

    With `kill_at` the process kills itself before the step of that number, counted from 0, or right after it has told
    the answer if the call has fewer steps. A step is a call out of Python that may reach the storage.
    """

    request: Request
    kill_at: int | None = None


class Churn(Struct, frozen=True, kw_only=True):
    """Insert, claim and finish without a pause until killed, each call told before the next is made."""

    seed: int
    queues: tuple[str, ...]
    methods: tuple[str, ...] = ()
    """What is used beyond insert, claim and the finishing verbs."""


class Close(Struct, frozen=True):
    """Close the handle."""


class Resume(Struct, frozen=True):
    """Go on after a pause."""


Command = Open | Ask | Churn | Close | Resume


class Done(Struct, frozen=True):
    """It was done, or ended with that error; `steps` are the functions that were called, if they were counted."""

    error: str = ""
    operation: Operation | None = None
    steps: tuple[str, ...] = ()


class Paused(Struct, frozen=True):
    """The step to pause before has come."""


class Begun(Struct, frozen=True):
    """While churning: the answer to the call before, and the call that is now in flight."""

    answered: Operation | None
    request: Request


Told = Done | Paused | Begun


class Fork(Struct, frozen=True):
    """To the fork server: fork a child of that name, which serves the socket sent after this."""

    name: str


class Reap(Struct, frozen=True):
    """To the fork server: wait until that child is gone, all that it held in the system included."""

    pid: int
