"""The disk: a model on which every sync takes the same time, or the real one."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

SOURCE = Path(__file__).with_name("disk.c")
BUILT = Path(__file__).parents[2] / "build" / "benchmarks"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


class NoCompilerError(Exception):
    """The model disk needs a C compiler and there is none."""

    def __init__(self) -> None:
        super().__init__(
            "the model disk is a small C library, and no C compiler (cc) was found: install one, for example with "
            "`apt-get install gcc libc6-dev`, or measure on the real disk with `--disk real`"
        )


class Disk(Struct, frozen=True):
    """What a sync costs."""

    name: str
    nanoseconds: int | None
    """None is whatever the real disk takes."""

    def environment(self) -> dict[str, str]:
        """What a new process's environment needs so that it works on this disk; builds the library if it has to."""
        if self.nanoseconds is None:
            return {}
        return {"LD_PRELOAD": str(build_model()), "MODEL_DISK_NS": str(self.nanoseconds)}


MODEL_1MS = Disk("1 ms", 1_000_000)
"""As a cloud volume."""
MODEL_200US = Disk("200 µs", 200_000)
"""As a good NVMe."""
REAL = Disk("real", None)


def build_model() -> Path:
    """The compiled library, made anew when its source has changed; raises `NoCompilerError`."""
    digest = sha256(SOURCE.read_bytes()).hexdigest()[:16]
    library = BUILT / f"disk-{digest}.so"
    if not library.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        _compile(library)
    return library


def check_model() -> None:
    """Raises RuntimeError unless a new process that should be on the model disk is; it would only run without."""
    probe = "import ctypes; ctypes.CDLL(None).model_disk_syncs"
    environment = {**os.environ, **MODEL_1MS.environment()}
    done = subprocess.run([sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"{build_model()} could not be preloaded (a space or colon in its path?); use another checkout, or "
            f"the real disk with --disk real:\n{done.stderr}"
        )


def _compile(library: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompilerError
    unfinished = library.with_suffix(f".{os.getpid()}")
    subprocess.run([compiler, *FLAGS, "-o", unfinished, SOURCE], check=True)
    unfinished.replace(library)
