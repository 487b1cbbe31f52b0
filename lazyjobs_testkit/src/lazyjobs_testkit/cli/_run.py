"""Trying a backend from the command line: pytest, with the kit's own suite and nothing of the directory it runs in."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import lazyjobs_testkit

_KIT = Path(lazyjobs_testkit.__file__).parent
_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


def run_conformance(
    reference: str,
    *,
    traits: Sequence[str] = (),
    rules: Sequence[str] = (),
    seed: int | None = None,
    thorough: bool = False,
    performance: bool = False,
    baseline: Path | None = None,
    output: Path | None = None,
    pytest_options: Sequence[str] = (),
    plugins: Sequence[object] = (),
) -> int:
    """Tries a backend's rules (all, if none is named) and shows the report; the exit status, 0 if nothing is wrong.

    Neither the configuration nor the plugins of whatever project is near have a part in it; `plugins` are the kit's.
    """
    arguments = [str(_KIT / "test_conformance.py"), "-p", "lazyjobs_testkit.plugin", "-p", "no:cacheprovider"]
    arguments += ["-c", os.devnull, f"--rootdir={_KIT}", "--noconftest", "-q", "--no-header", "-rN", "--tb=no"]
    arguments += [f"--lazyjobs-backend={reference}", *(f"--lazyjobs-trait={trait}" for trait in traits)]
    arguments += ["-k", " or ".join(rules)] if rules else []
    arguments += [f"--lazyjobs-seed={seed}"] if seed is not None else []
    arguments += ["--lazyjobs-thorough"] if thorough else []
    arguments += ["--lazyjobs-performance"] if performance else []
    arguments += [f"--lazyjobs-baseline={baseline}"] if baseline else []
    arguments += [f"--lazyjobs-output={output}"] if output else []
    with _own_plugins_only():
        return int(pytest.main([*arguments, *pytest_options], plugins=list(plugins)))


@contextmanager
def _own_plugins_only() -> Iterator[None]:
    before = os.environ.get(_AUTOLOAD)
    os.environ[_AUTOLOAD] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_AUTOLOAD]
        else:
            os.environ[_AUTOLOAD] = before
