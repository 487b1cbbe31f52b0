"""Brings the tests from Django's source distribution into the cache, fitted to the backends under test."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import django

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "django"

_PIN = re.compile(r"^django==([\d.]+) ; python_full_version >= '3\.12'$", re.MULTILINE)
_STAND_INS = {
    "django.tasks.backends.dummy.DummyBackend": "django_tests.adapters.Storing",
    "django.tasks.backends.immediate.ImmediateBackend": "django_tests.adapters.Working",
    "from django.tasks.backends.dummy import DummyBackend": "from django_tests.adapters import Storing as DummyBackend",
    "from django.tasks.backends.immediate import ImmediateBackend": (
        "from django_tests.adapters import Working as ImmediateBackend"
    ),
}
_BACKPORT = {
    "from django.tasks import Task, ": "from django_tasks.base import Task\nfrom django_tasks import ",
    "from django.tasks": "from django_tasks",
    '"django.tasks"': '"django_tasks"',
    "InvalidTaskBackend": "InvalidTaskBackendError",
    "import InvalidTask\n": "import InvalidTaskError as InvalidTask\n",
    "import InvalidTask, ": "import InvalidTaskError as InvalidTask, ",
    "    InvalidTask,\n    InvalidTaskBackend": "    InvalidTaskError as InvalidTask,\n    InvalidTaskBackend",
    "does not support async Tasks": "does not support async tasks",
}


def fetch_tests() -> tuple[str, Path]:
    """The pinned version of Django that has tasks, and a directory with its package `tasks` of tests.

    The sources come from the package index by pip, once. What is kept in the cache is not part of this project.
    """
    found = _PIN.search((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert found, "constraints.txt pins no Django for Python 3.12"
    version = found[1]
    return version, _fit(_download(version), CACHE / f"fitted-for-{django.get_version()}")


def _download(version: str) -> Path:
    archive = CACHE / f"django-{version}.tar.gz"
    if not archive.exists():
        pip = [str(ROOT / ".tools" / "bin" / "python"), "-m", "pip"]
        options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--ignore-requires-python", "--dest", str(CACHE)]
        subprocess.run([*pip, "download", *options, f"django=={version}"], check=True)
    return archive


def _fit(archive: Path, place: Path) -> Path:
    folder = place / "tasks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tarfile.open(archive) as sources:
        for member in sources:
            path = Path(member.name)
            if path.parts[1:3] == ("tests", "tasks") and path.suffix == ".py":
                content = sources.extractfile(member)
                assert content is not None
                (folder / path.name).write_text(_rewrite(content.read().decode()), encoding="utf-8")
    return place


def _rewrite(text: str) -> str:
    """The same test with the backends under test in the place of Django's two, and on 5.2 with the backport's names."""
    changes = _STAND_INS if django.VERSION >= (6, 0) else {**_STAND_INS, **_BACKPORT}
    for old, new in changes.items():
        text = text.replace(old, new)
    return text
