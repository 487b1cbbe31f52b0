"""Writing the files of a new backend."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template

import lazyjobs_testkit
from lazyjobs_testkit.skeleton._names import NameRefusedError, Names

_ENDING = ".template"


def render_skeleton(names: Names) -> Mapping[PurePosixPath, str]:
    """The files of a new backend's distribution, by their paths in it."""
    values = {
        "name": names.name,
        "distribution": names.distribution,
        "package": names.package,
        "stem": names.stem,
        "kit": lazyjobs_testkit.__version__,
    }
    found: dict[PurePosixPath, str] = {}
    _gather(files(__package__) / "template", PurePosixPath(), found)
    return {_place(path, names): Template(text).substitute(values) for path, text in sorted(found.items())}


def write_skeleton(names: Names, parent: Path) -> Path:
    """Writes the distribution below `parent` and returns its directory: all of it, or nothing.

    Raises `NameRefusedError` if there is something of that name already, and OSError if it cannot be written.
    """
    directory = parent / names.distribution
    if os.path.lexists(directory):
        raise NameRefusedError(f"{directory} exists already, and is left as it is; move it away or take another name")
    contents = render_skeleton(names)
    building = Path(tempfile.mkdtemp(prefix=f".{names.distribution}-", dir=parent))
    try:
        for path, text in contents.items():
            (building / path).parent.mkdir(parents=True, exist_ok=True)
            (building / path).write_text(text, encoding="utf-8")
        building.chmod(0o777 & ~_umask())
        building.rename(directory)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return directory


def _gather(place: Traversable, path: PurePosixPath, found: dict[PurePosixPath, str]) -> None:
    for entry in place.iterdir():
        if entry.is_dir():
            _gather(entry, path / entry.name, found)
        elif entry.name.endswith(_ENDING):
            found[path / entry.name.removesuffix(_ENDING)] = entry.read_text(encoding="utf-8")


def _place(path: PurePosixPath, names: Names) -> PurePosixPath:
    if path.parts[0] == "package":
        return PurePosixPath("src", names.package, *path.parts[1:])
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
