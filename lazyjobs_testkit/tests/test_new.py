"""`lazyjobs-conformance new`: the skeleton of a backend."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from lazyjobs_testkit.cli import main
from lazyjobs_testkit.report import read_report
from lazyjobs_testkit.skeleton import NameRefusedError, Names


class Written(Protocol):
    source: Path

    def run(self, *command: str, directory: Path = Path()) -> "subprocess.CompletedProcess[str]": ...


InstallWritten = Callable[[Path], Written]

METHODS = ("insert", "claim", "complete", "retry", "discard", "list", "stats")


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refuse(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What is told of a name that is refused."""
    before = sorted(Path().rglob("*"))
    with pytest.raises(SystemExit, match="2"):
        main(["new", name])
    assert sorted(Path().rglob("*")) == before
    return capsys.readouterr().err


@pytest.mark.parametrize("text", ["my-store", "My_Store", "my.store", "lazyjobs-my-store", "LAZYJOBS_my__store"])
def test_one_name_gives_all_the_others(text: str) -> None:
    names = Names.choose(text)
    assert (names.name, names.distribution, names.package, names.stem) == (
        "my-store",
        "lazyjobs-my-store",
        "lazyjobs_my_store",
        "MyStore",
    )


@pytest.mark.parametrize("text", ["", "-", "1st", "my store", "../store", "st/ore", "störe", "lazyjobs-", "store-"])
def test_what_can_be_no_name_is_refused(text: str) -> None:
    with pytest.raises(NameRefusedError, match="write letters a-z, digits and single dashes"):
        Names.choose(text)


@pytest.mark.parametrize("text", ["class", "import", "none"])
def test_a_keyword_is_a_name_since_no_module_is_called_so(text: str) -> None:
    assert main(["new", text]) == 0
    compile(Path(f"lazyjobs-{text}/src/lazyjobs_{text}/_backend.py").read_text(), "_backend.py", "exec")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("all", "means something else"),
        ("new", "means something else"),
        ("memory", "a distribution of lazyjobs itself"),
        ("an-extremely-long-name-of-a-store", "at most 24"),
    ],
)
def test_a_name_that_would_be_in_the_way_is_refused(name: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason in refuse(name, capsys)


def test_a_name_that_is_installed_is_refused(
    install_written: InstallWritten, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["new", "shed"])
    monkeypatch.syspath_prepend(install_written(Path("lazyjobs-shed")).source)
    assert "an installed backend is called 'shed'" in refuse("shed", capsys)


@pytest.mark.parametrize("kind", ["directory", "file", "dangling link"])
def test_what_is_there_already_is_left_as_it_is(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = Path("lazyjobs-shed")
    if kind == "directory":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to("nowhere")
    assert "lazyjobs-shed exists already, and is left as it is" in refuse("shed", capsys)


def test_a_write_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    assert "No space left on device; nothing was written" in refuse("shed", capsys)


@pytest.fixture
def shed(install_written: InstallWritten, capsys: pytest.CaptureFixture[str]) -> Written:
    """A skeleton, as it is written, installed."""
    assert main(["new", "shed"]) == 0
    assert "pip install -e" in capsys.readouterr().out
    return install_written(Path("lazyjobs-shed"))


def test_nothing_is_written_yet_and_the_kit_says_what_to_write_first(shed: Written) -> None:
    done = shed.run("lazyjobs-conformance", "shed", "--seed", "1")
    report = read_report(Path("conformance.json"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert [rule.id for rule in report.failures] == ["INS-01", "INS-06", "INS-07", "STA-01"]
    assert report.counts["blocked"] > 100
    assert report.counts["passed"] == 0
    assert report.first == "INS-01"
    assert "insert is still to be written" in done.stdout
    assert " first: INS-01 (" in done.stdout
    assert "Traceback" not in done.stdout
    assert (report.backend.distribution, report.backend.version) == ("lazyjobs-shed", "0.1.0")


def test_its_own_test_file_gives_the_same_and_ends_with_one(shed: Written) -> None:
    done = shed.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", directory=Path("lazyjobs-shed"))
    assert done.returncode == 1
    assert " FAIL INS-01" in done.stdout
    assert "4 failed" in done.stdout


@pytest.mark.usefixtures("shed")
def test_each_method_names_its_paragraph() -> None:
    text = Path("lazyjobs-shed/src/lazyjobs_shed/_backend.py").read_text()
    assert [method for method in METHODS if f'_unwritten("{method}")' in text] == list(METHODS)


def test_a_url_opens_it(shed: Written) -> None:
    script = "import lazyjobs; print(lazyjobs.open_backend('shed://here').namespace)"
    assert shed.run(sys.executable, "-c", script).stdout == "here\n"
    refused = shed.run(sys.executable, "-c", "import lazyjobs; lazyjobs.open_backend('shed://here?size=1')")
    assert "option 'size'" in refused.stderr
