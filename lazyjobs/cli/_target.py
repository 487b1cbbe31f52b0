"""Finds the runner that a command line names."""

import sys
from functools import reduce
from importlib import import_module
from pathlib import Path

from lazyjobs.cli._output import tell_lines
from lazyjobs.cli._usage import UsageError
from lazyjobs.logs import format_traceback
from lazyjobs.runner import JobRunner


def load_runner(target: str) -> JobRunner:
    """The JobRunner at `package.module:attribute`, with the current directory on the import path.

    Raises `UsageError`; what importing the module itself raises is printed with its traceback first.
    """
    module_name, _, attribute = target.partition(":")
    if not module_name or module_name.startswith(".") or not attribute:
        raise UsageError(f"{target!r} names no runner; write package.module:runner")
    _import_from(Path.cwd())
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise UsageError(f"there is no module {error.name!r} in {Path.cwd()} or on the import path") from error
        raise _import_error(module_name, error) from error
    except Exception as error:
        raise _import_error(module_name, error) from error
    try:
        found = reduce(getattr, attribute.split("."), module)
    except AttributeError as error:
        raise UsageError(f"the module {module_name!r} has no {attribute!r}") from error
    if not isinstance(found, JobRunner):
        raise UsageError(f"{target} is no JobRunner but {type(found).__qualname__}")
    return found


def _import_error(module_name: str, error: Exception) -> UsageError:
    tell_lines(format_traceback((type(error), error, error.__traceback__)))
    return UsageError(f"importing {module_name!r} failed, see above: {type(error).__name__}: {error}")


def _import_from(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
