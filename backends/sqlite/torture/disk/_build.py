"""Building the shim."""

import shutil
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("shim.c")


def build_shim(directory: Path) -> Path:
    """Compiles the shim into that directory; raises `RuntimeError` where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("no C compiler (cc) was found; make compiler installs one")
    shim = directory / "shim.so"
    options = ["-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *options, str(_SOURCE), "-o", str(shim), "-ldl", "-pthread"], check=True)
    return shim
