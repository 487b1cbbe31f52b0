"""A password in the URL of the backend under test reaches the backend, and nothing that the kit shows or writes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from lazyjobs import PruneParams
from lazyjobs_testkit import Traits
from lazyjobs_testkit.harness import HarnessError, load_harness
from lazyjobs_testkit.history import History, Operation
from lazyjobs_testkit.model import Number, Prune, Unknown
from lazyjobs_testkit.suite._load import _concealed

Install = Callable[[Mapping[str, Mapping[str, str]]], None]
CANARY = "canary%2Fbird"
PLAIN = "canary/bird"
URL = f"leaky://user:{CANARY}@{{namespace}}?token=canary-token&memory=5"

LEAKY = '''
import logging
from shelves import Shelf
from lazyjobs import BackendUnavailableError

class Leaky(Shelf):
    """Tells its password to whoever asks for stats, or stores an odd record."""

    @classmethod
    def from_url(cls, url):
        assert url.password == "canary/bird", "the password did not arrive"
        shelf = cls(url.host)
        shelf.secrets = f"{url.password} {url.read_options(token=str, memory=int)['token']}"
        return shelf

    def __repr__(self):
        return f"<Leaky {self.secrets}>"

    def stats(self):
        print("connecting with", self.secrets)
        logging.getLogger("leaky").warning("connecting with %s", self.secrets)
        raise BackendUnavailableError(f"cannot connect with {self.secrets}")
'''


@pytest.fixture(autouse=True)
def _installed(install: Install, shelves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shelves / "leaky.py").write_text(LEAKY)
    install({"lazyjobs.backends": {"leaky": "leaky:Leaky"}})
    monkeypatch.chdir(shelves)


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    here = str(Path.cwd())
    environment = {**os.environ, "PYTHONPATH": here, "TMPDIR": here}
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=120, check=False, env=environment
    )


def written(directory: Path) -> str:
    """What stands in all files that a run has left."""
    files = [path for path in directory.rglob("*") if path.suffix in (".json", ".html", ".md", ".txt", ".xml")]
    assert {path.name for path in files} >= {"conformance.json", "conformance.html", "badge.json"}
    return "\n".join(path.read_text() for path in files)


def assert_untold(text: str) -> None:
    for secret in (CANARY, PLAIN, "canary-token", "bird"):
        assert secret not in text


def test_the_command_tells_no_secret(shelves: Path) -> None:
    done = run("lazyjobs_testkit", URL, "--rule", "STA-01", "--rule", "INS-01", "--seed", "1", "--performance")
    told = done.stdout + done.stderr
    assert done.returncode == 1, told
    assert "cannot connect with *** ***" in told
    assert "reproduce: lazyjobs-conformance 'leaky://user:***@{namespace}?token=***&memory=5' --rule STA-01" in told
    assert_untold(told + written(shelves))
    assert json.loads((shelves / "conformance.json").read_text())["backend"]["name"].startswith("leaky://user:***@")


def test_pytest_tells_no_secret_either(shelves: Path) -> None:
    where = ("--lazyjobs-output", str(shelves), "--junit-xml", "junit.xml", "--showlocals", "-k", "STA-01", "-v")
    kit = str(Path(sys.modules["lazyjobs_testkit"].__file__ or "").parent / "test_conformance.py")
    done = run("pytest", kit, "-p", "no:cacheprovider", f"--lazyjobs-backend={URL}", *where)
    told = done.stdout + done.stderr
    assert done.returncode == 1, told
    assert "cannot connect with *** ***" in told
    assert_untold(told.replace(URL, "") + written(shelves))


def test_a_harness_of_a_url_is_named_without_its_secrets_and_found_with_them() -> None:
    harness = load_harness(URL)
    assert harness.name == "leaky://user:***@{namespace}?token=***&memory=5"
    assert load_harness(harness.reference()).reference() == URL
    assert_untold(f"{harness.name} {harness.notes} {harness.__doc__} {harness.conceal(f'no {PLAIN}, no canary-token')}")


def test_a_saved_history_tells_no_secret() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    request = Prune(PruneParams(finished_before=now))
    right = Operation(
        caller="a", handle="b", request=request, answer=Number(1), called=1, returned=2, began=now, ended=now
    )
    wrong = replace(right, answer=Unknown(f"BackendUnavailableError: cannot connect with {PLAIN}"))
    concealed = _concealed(History(operations=(wrong, right)), load_harness(URL)())
    assert_untold(repr(concealed))
    assert concealed.operations[1] == right


@pytest.mark.parametrize(
    "reference",
    [
        f"leaky://user:{CANARY}@{{place}}",
        f"unheard-of://user:{CANARY}@db",
        f"leaky://user:{CANARY}@db:none",
        "leaky://user:canary/bird@db",
        "leaky:user:canary/bird@db",
        "user:canary/bird@db",
        "leaky:/user:canary/bird@db",
    ],
)
def test_what_is_wrong_with_a_url_is_told_without_its_secrets(reference: str) -> None:
    with pytest.raises(HarnessError) as refused:
        load_harness(reference)
    causes = [refused.value, refused.value.__cause__, refused.value.__context__]
    assert_untold("\n".join(map(repr, causes)))


def test_a_harness_of_its_own_tells_what_it_likes() -> None:
    assert load_harness("shelves:ShelfHarness").conceal(PLAIN) == PLAIN
    assert load_harness("shelves:ShelfHarness").traits == Traits()
