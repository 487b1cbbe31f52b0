"""Finding a harness: by the name of an installed backend, by a URL, or where its class stands."""

import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from operator import attrgetter
from pathlib import Path
from types import ModuleType

from lazyjobs import BackendURL
from lazyjobs_testkit.foreign import ForeignFileError, read_file
from lazyjobs_testkit.harness._harness import Harness, HarnessError
from lazyjobs_testkit.harness._url import make_url_harness
from lazyjobs_testkit.raised import describe_error

ENTRY_POINTS = "lazyjobs.harnesses"
"""The group by which an installed backend offers its harness, under the backend's name."""


def installed_harnesses() -> Mapping[str, EntryPoint]:
    """The harnesses of the installed distributions, by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)}


def load_harness(reference: str, *, traits: Sequence[str] = ()) -> type[Harness]:
    """The harness that `reference` names: an installed backend, a URL, `module:Class` or `file.py:Class`.

    `traits` are declared for a URL, each as `name` or `name=value`; a harness declares its own. Raises `HarnessError`.
    """
    if "://" in reference:
        scheme = reference.partition("://")[0].lower()
        relative = _load_installed(scheme) if scheme in installed_harnesses() else Harness
        return make_url_harness(reference, relative.traits, traits)
    if "@" in reference and not reference.partition(":")[0].endswith(".py"):
        shown = BackendURL.mask(reference)
        raise HarnessError(f"{shown} is neither a URL, which begins with a scheme and ://, nor the place of a harness")
    if traits:
        raise HarnessError(f"{reference} declares its own traits; only a URL needs them declared for it")
    return _load_class(reference) if ":" in reference else _load_installed(reference)


def _load_installed(name: str) -> type[Harness]:
    installed = installed_harnesses()
    if name not in installed:
        if name.endswith(".py"):
            raise HarnessError(f"{name} is a file; name the class in it too: {name}:MyHarness")
        known = ", ".join(installed) or "none"
        raise HarnessError(
            f"no installed backend offers a harness named {name!r} (installed: {known}); install its distribution with "
            "the extra for conformance, or give a URL, module:Class or file.py:Class"
        )
    entry = installed[name]
    try:
        value: object = entry.load()
    except (Exception, SystemExit) as error:
        raise HarnessError(f"the harness of {name}, {entry.value}, cannot be loaded: {_describe(error)}") from error
    return check_harness(name, value)


def _load_class(reference: str) -> type[Harness]:
    home, _, qualname = reference.rpartition(":")
    try:
        module = _load_file(Path(home)) if home.endswith(".py") else import_module(home)
    except (Exception, SystemExit) as error:
        raise HarnessError(f"no harness can be loaded from {reference!r}: {_describe(error)}") from error
    try:
        value: object = attrgetter(qualname)(module)
    except AttributeError as error:
        found = ", ".join(name for name, each in vars(module).items() if _is_harness(each)) or "none"
        raise HarnessError(f"{home} has no {qualname!r} (harnesses in it: {found})") from error
    return check_harness(reference, value)


def _is_harness(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Harness) and value is not Harness


def _describe(error: BaseException) -> str:
    """What was raised, and where."""
    if isinstance(error, ForeignFileError):
        cause = error.__cause__
        return f"there is no file {cause.filename}" if isinstance(cause, FileNotFoundError) else str(error)
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; install what offers it"
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"there is no file {error.filename}"
    if isinstance(error, SyntaxError):
        return describe_error(error)
    *_, frame = traceback.extract_tb(error.__traceback__)
    return f"{describe_error(error)} ({frame.filename}, line {frame.lineno})"


def _load_file(path: Path) -> ModuleType:
    path = path.absolute()
    name = f"_lazyjobs_harness_{path.stem}_{abs(hash(path)):x}"
    if name in sys.modules:
        return sys.modules[name]
    # Python itself would wait for a pipe, and read a device to its end.
    read_file(path)
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HarnessError(f"{path} is no Python file")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def check_harness(reference: str, value: object) -> type[Harness]:
    """`value` if it is a harness; raises `HarnessError` that names `reference` otherwise."""
    if not (isinstance(value, type) and issubclass(value, Harness)):
        raise HarnessError(f"{reference} is {value!r}, no subclass of lazyjobs_testkit.Harness")
    return value
