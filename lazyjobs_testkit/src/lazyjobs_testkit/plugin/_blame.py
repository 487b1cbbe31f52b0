"""Whose fault an exception is: the backend's, or that of the kit, the harness or the machine."""

import errno
import inspect
import re
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import lazyjobs
import lazyjobs_testkit
from lazyjobs_testkit.crash import ChildStartError
from lazyjobs_testkit.harness import Harness, HarnessError
from lazyjobs_testkit.raised import describe_error
from lazyjobs_testkit.rules import Area, Rule
from lazyjobs_testkit.suite._conformance import SuiteError
from lazyjobs_testkit.suite._trail import printable

_EXHAUSTED = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""A machine that has no more of something; a backend can do nothing about it."""
_TOLD = re.compile(
    rf"\[Errno ({'|'.join(map(str, sorted(_EXHAUSTED)))})\]|database or disk is full|can't start new thread"
)
"""The same as child processes and libraries tell it."""
_THEIR_OWN = {Area.FAULTS, Area.LEAKS}
"""Areas whose rules are about such errors."""
_ALWAYS_OURS = (HarnessError, SuiteError, ChildStartError)

_KIT = Path(lazyjobs_testkit.__file__).parent
_STAND_INS = (_KIT / "zoo",)
"""Backends, though they are part of the kit."""
_NOBODY = (
    Path(sysconfig.get_path("stdlib")),
    *(Path(sysconfig.get_path("purelib"), name) for name in ("_pytest", "pluggy", "hypothesis", "msgspec")),
    Path(lazyjobs.__file__).parent,
)
"""Code that does what its caller asks."""


def blame(error: BaseException, harness: type[Harness], rule: Rule, *, afterwards: bool) -> str:
    """Who failed in place of the backend, and how; "" if nothing says that it was not the backend.

    A call that the backend answers badly may well raise an error in the kit, so an error counts as the kit's or the
    machine's only where no answer of a backend can be its cause. `afterwards` the test was over, and what was to be
    destroyed is the harness's.
    """
    owners = _owners_of(error, harness)
    owner = "harness" if afterwards and "harness" in owners else owners[-1] if owners else ""
    if rule.area not in _THEIR_OWN and (shortage := _find_shortage(error)):
        return f"the machine: {shortage}"
    if isinstance(error, _ALWAYS_OURS) or owner == "harness":
        return f"the harness: {_describe(error)}"
    if owner == "kit" and isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
        return f"the machine: {_describe(error)}"
    if owner == "" and not isinstance(error, AssertionError):
        return f"what surrounds the suite: {_describe(error)}"
    return ""


def _find_shortage(error: BaseException) -> str:
    for each in _chain(error):
        if isinstance(each, MemoryError) or (isinstance(each, OSError) and each.errno in _EXHAUSTED):
            return _describe(each)
        if _TOLD.search(text := describe_error(each)):
            return next(line for line in text.splitlines() if _TOLD.search(line))
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _owners_of(error: BaseException, harness: type[Harness]) -> list[str]:
    """Who called whom until it was raised: "kit", "harness" and "backend"; nothing if the kit had no part in it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    owners = [owner for frame in frames if (owner := _owner_of_frame(frame, harness))]
    return owners if {"kit", "harness"} & set(owners) else []


def _owner_of_frame(frame: FrameType, harness: type[Harness]) -> str:
    file = Path(frame.f_code.co_filename)
    if _is_method_of(frame, harness):
        return "harness"
    if file.is_relative_to(_KIT) and not any(file.is_relative_to(place) for place in _STAND_INS):
        return "kit"
    if any(file.is_relative_to(place) for place in _NOBODY) and "site-packages" not in _below_stdlib(file):
        return ""
    return "backend"


def _below_stdlib(file: Path) -> tuple[str, ...]:
    stdlib = _NOBODY[0]
    return file.relative_to(stdlib).parts if file.is_relative_to(stdlib) else ()


def _is_method_of(frame: FrameType, harness: type[Harness]) -> bool:
    return any(
        frame.f_code.co_qualname.startswith(f"{cls.__qualname__}.") and frame.f_code.co_filename == _file_of(cls)
        for cls in harness.__mro__
        if issubclass(cls, Harness)
    )


def _file_of(cls: type) -> str:
    try:
        return inspect.getfile(cls)
    except (OSError, TypeError):
        return ""


def _describe(error: BaseException) -> str:
    return printable(describe_error(error)).partition("\n")[0]
