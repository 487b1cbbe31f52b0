"""Finding a harness by name, by URL, or where its class stands."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lazyjobs import Backend, InsertParams
from lazyjobs_memory.conformance import MemoryHarness
from lazyjobs_testkit import Harness
from lazyjobs_testkit.harness import HarnessError, child_environment, installed_harnesses, load_harness

Install = Callable[[Mapping[str, Mapping[str, str]]], None]


class HereHarness(Harness):
    def open(self, namespace: str) -> Backend:
        raise NotImplementedError

    def destroy(self, namespace: str) -> None:
        raise NotImplementedError


def test_an_installed_harness_is_found_by_its_name(install: Install) -> None:
    install({"lazyjobs.harnesses": {"shelf": "shelves:ShelfHarness"}})
    assert load_harness("shelf").__name__ == "ShelfHarness"
    assert "shelf" in installed_harnesses()


def test_an_unknown_name_is_refused_with_those_that_are_installed(install: Install) -> None:
    install({"lazyjobs.harnesses": {"shelf": "shelves:ShelfHarness"}})
    with pytest.raises(HarnessError, match=r"no installed backend offers a harness named 'cupboard' .*shelf"):
        load_harness("cupboard")


def test_an_entry_point_that_is_no_harness_is_refused(install: Install) -> None:
    install({"lazyjobs.harnesses": {"shelf": "shelves:Shelf"}})
    with pytest.raises(HarnessError, match="no subclass of"):
        load_harness("shelf")


def test_a_harness_is_found_by_its_module_and_name() -> None:
    assert load_harness("lazyjobs_memory.conformance:MemoryHarness") is MemoryHarness


def test_a_harness_is_found_by_its_file_and_name(shelves: Path) -> None:
    harness = load_harness(f"{shelves / 'shelves.py'}:ShelfHarness")
    assert harness.name == "shelf"
    assert load_harness(f"{shelves / 'shelves.py'}:ShelfHarness") is harness


@pytest.mark.parametrize("reference", ["nowhere:Harness", "nowhere.py:Harness"])
def test_what_cannot_be_imported_is_refused_by_its_reference(reference: str) -> None:
    with pytest.raises(HarnessError, match=f"no harness can be loaded from '{reference}'"):
        load_harness(reference)


def test_a_module_without_the_class_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(HarnessError, match=r"has no 'Nothing' \(harnesses in it: .*MemoryHarness\)"):
        load_harness("lazyjobs_memory.conformance:Nothing")


def test_a_file_without_a_class_is_refused_with_how_to_name_one() -> None:
    with pytest.raises(HarnessError, match=r"name the class in it too: there\.py:MyHarness"):
        load_harness("there.py")


def test_a_module_that_raises_is_told_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("\nraise KeyError('shelf')\n")
    with pytest.raises(HarnessError, match=r"KeyError: 'shelf' \(.*wrong.py, line 2\)"):
        load_harness(f"{file}:WrongHarness")


def test_a_module_that_cannot_be_parsed_is_told_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("\nclass\n")
    with pytest.raises(HarnessError, match=r"SyntaxError: invalid syntax \(wrong.py, line 2\)$"):
        load_harness(f"{file}:WrongHarness")


def test_an_installed_harness_that_cannot_be_imported_is_told(install: Install) -> None:
    install({"lazyjobs.harnesses": {"shelf": "shelves_missing:ShelfHarness"}})
    with pytest.raises(HarnessError, match="No module named 'shelves_missing'; install what offers it"):
        load_harness("shelf")


def test_a_scheme_that_nobody_offers_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"no backend is installed for the scheme 'cupboard' .*installed: .*memory"):
        load_harness("cupboard://{namespace}")


@pytest.mark.parametrize("url", ["memory://{namespace", "memory://{name}", "memory://namespace}"])
def test_a_misspelt_place_for_the_namespace_is_refused(url: str) -> None:
    with pytest.raises(HarnessError, match=r"the place of a namespace's name is written \{namespace\}"):
        load_harness(url)


def test_a_file_that_raises_is_tried_again_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text("raise ImportError('not yet')")
    with pytest.raises(HarnessError, match="not yet"):
        load_harness(f"{file}:LateHarness")
    file.write_text("from lazyjobs_memory.conformance import MemoryHarness as LateHarness")
    assert load_harness(f"{file}:LateHarness") is MemoryHarness


def test_a_harness_knows_by_what_it_is_found_again() -> None:
    assert load_harness(MemoryHarness.reference()) is MemoryHarness
    assert load_harness(HereHarness.reference()).__qualname__ == "HereHarness"


def test_a_harness_that_no_import_reaches_says_so() -> None:
    class LocalHarness(HereHarness):
        pass

    with pytest.raises(HarnessError, match="local to a function"):
        LocalHarness.reference()


def test_a_child_process_finds_what_its_parent_found(shelves: Path) -> None:
    reference = load_harness("shelves:ShelfHarness").reference()
    program = "import sys; from lazyjobs_testkit.harness import load_harness; print(load_harness(sys.argv[1]).name)"
    child = subprocess.run(
        [sys.executable, "-c", program, reference],
        env=child_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert child.stdout == "shelf\n"


def test_a_harness_is_called_by_its_class_unless_it_says_otherwise() -> None:
    class OtherHarness(HereHarness):
        name = "odd"

    class FurtherHarness(OtherHarness):
        pass

    assert (HereHarness.name, OtherHarness.name, FurtherHarness.name) == ("here", "odd", "further")


def test_only_a_url_needs_traits_declared_for_it() -> None:
    with pytest.raises(HarnessError, match="declares its own traits"):
        load_harness("lazyjobs_memory.conformance:MemoryHarness", traits=["durable"])


def test_a_url_takes_the_traits_of_the_harness_that_has_the_name_of_its_scheme(install: Install) -> None:
    install(
        {
            "lazyjobs.harnesses": {"shelf": "lazyjobs_memory.conformance:MemoryHarness"},
            "lazyjobs.backends": {"shelf": "shelves:Shelf"},
        }
    )
    harness = load_harness("shelf://here")
    assert harness.traits == MemoryHarness.traits
    assert isinstance(load_harness("memory://")().open("kit_0"), type(MemoryHarness().open("kit_0")))


def test_an_opened_url_is_a_backend(install: Install) -> None:
    install({"lazyjobs.backends": {"shelf": "shelves:Shelf"}})
    harness = load_harness("shelf://{namespace}")()
    harness.open("kit_1").insert(InsertParams(kind="kit.example"))
    assert len(harness.open("kit_1").list()) == 1
    assert not harness.open("kit_2").list()
