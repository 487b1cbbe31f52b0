"""Prints the interpreters to test on: the first working one found of each supported version, this one first.

Looks on PATH and among pyenv's versions, whose shims on PATH may be there without working.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")


def candidates(version: str) -> Iterator[Path]:
    if sys.version.startswith(f"{version}."):
        yield Path(sys.executable)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder) / f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


def works(python: Path, version: str) -> bool:
    if not python.is_file():
        return False
    check = f"import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != {version!r})"
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Prints one `VERSION=PATH` a line."""
    for version in sorted(SUPPORTED, key=lambda version: not sys.version.startswith(f"{version}.")):
        found = next((python for python in candidates(version) if works(python, version)), None)
        if found:
            print(f"{version}={found}")


if __name__ == "__main__":
    main()
