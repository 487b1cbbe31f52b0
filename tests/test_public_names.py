"""What the distributions show: names, docstrings, types, licences, versions, and who imports whom."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pytest

ROOT = Path(__file__).parent.parent
MANIFESTS = [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("backends/*/pyproject.toml")]
DISTRIBUTIONS = sorted(path.parent for path in MANIFESTS)
PACKAGES = [
    "lazyjobs",
    "lazyjobs.contract",
    "lazyjobs.jobs",
    "lazyjobs.runner",
    "lazyjobs.control",
    "lazyjobs.cli",
    "lazyjobs.integrations.django",
    "lazyjobs.telemetry",
    "lazyjobs.texts",
    "lazyjobs.logs",
    "lazyjobs_memory",
    "lazyjobs_testkit.jobs",
]
BELOW = {"texts", "logs"}
"""Single modules below every layer."""
MAY_IMPORT = {
    "contract": set[str](),
    "jobs": {"contract"},
    "runner": {"contract", "jobs"},
    "control": {"contract", "jobs", "runner"},
    "telemetry": {"contract", "jobs", "runner"},
    "cli": {"contract", "jobs", "runner", "control", "telemetry"},
    "integrations": {"contract", "jobs", "runner", "cli", "telemetry"},
}
OTHERS = {
    "lazyjobs_memory",
    "lazyjobs_testkit",
    "opentelemetry",
    "prometheus_client",
    "anyio",
    "argcomplete",
    "asgiref",
    "attr",
    "attrs",
    "django",
    "django_tasks",
    "fastapi",
    "hypothesis",
    "pydantic",
    "pytest",
    "starlette",
}

packages = pytest.mark.parametrize("package", PACKAGES)
distributions = pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda path: path.name)


def rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions; each in alphabetical order."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def promised_by_the_contract() -> set[str]:
    """The methods of a backend, whose promises stand in the protocols and need no second copy."""
    contract = import_module("lazyjobs.contract")
    protocols = [value for name, value in vars(contract).items() if name == "Backend" or name.startswith("Supports")]
    return {name for protocol in protocols for name in vars(protocol) if not name.startswith("_")}


def without_docstring(name: str, value: object) -> Iterator[str]:
    """The class or function, and the methods a class defines itself, that say nothing."""
    if isinstance(value, type | FunctionType) and not value.__doc__:
        yield name
    if isinstance(value, type):
        for inner, member in vars(value).items():
            member = getattr(member, "__func__", member)
            if not inner.startswith("_") and isinstance(member, FunctionType | property) and not member.__doc__:
                yield f"{name}.{inner}"


def imported(file: Path) -> Iterator[str]:
    """The modules that a file imports anywhere, at the top or inside a function."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield node.module or ""


def project(distribution: Path) -> dict[str, object]:
    content = tomllib.loads((distribution / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, object] = content["project"]
    return table


@packages
def test_all_is_sorted_and_there(package: str) -> None:
    module = import_module(package)
    assert module.__all__ == sorted(set(module.__all__), key=rank)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert not [name for name in module.__all__ if name.startswith("_")]


@packages
def test_every_public_name_says_what_it_promises(package: str) -> None:
    module = import_module(package)
    assert module.__doc__
    silent = [each for name in module.__all__ for each in without_docstring(name, getattr(module, name))]
    promised = promised_by_the_contract() if package == "lazyjobs_memory" else set()
    assert [name for name in silent if name.partition(".")[2] not in promised] == []


def test_the_top_has_all_that_the_contract_shows() -> None:
    top, contract = import_module("lazyjobs"), import_module("lazyjobs.contract")
    assert set(contract.__all__) <= set(top.__all__)


@pytest.mark.parametrize("module", ["lazyjobs", "lazyjobs.cli", "lazyjobs.integrations"])
def test_importing_it_imports_nothing_that_is_not_needed(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30)
    found = set(run.stdout.split())
    assert {"lazyjobs", "msgspec"} <= found
    assert found & OTHERS == set()


def test_the_core_imports_neither_a_backend_nor_the_kit() -> None:
    found = {(file, name) for file in ROOT.glob("lazyjobs/**/*.py") for name in imported(file)}
    assert found
    assert not [(file, name) for file, name in found if name.startswith("lazyjobs_")]


@pytest.mark.parametrize(("layer", "below"), MAY_IMPORT.items())
def test_a_layer_imports_only_those_below(layer: str, below: set[str]) -> None:
    files = list((ROOT / "lazyjobs" / layer).rglob("*.py"))
    assert files
    names = {name for file in files for name in imported(file) if name.startswith("lazyjobs.")}
    assert {name.split(".")[1] for name in names} <= below | {layer} | BELOW
    assert "lazyjobs" not in {name for file in files for name in imported(file)}


def test_there_is_a_distribution_beside_the_core_for_each_backend_and_the_kit() -> None:
    assert {"memory", "lazyjobs_testkit"} <= {path.name for path in DISTRIBUTIONS}


@distributions
def test_each_distribution_has_a_licence_of_its_own(distribution: Path) -> None:
    licence = distribution / "LICENSE"
    assert licence.is_file()
    assert not licence.is_symlink()
    assert licence.read_bytes() == (ROOT / "LICENSE").read_bytes()


@distributions
def test_all_distributions_have_one_version_and_need_that_of_the_core(distribution: Path) -> None:
    core, table = project(ROOT), project(distribution)
    assert table["version"] == core["version"]
    assert table["license"] == core["license"]
    assert isinstance(table["dependencies"], list)
    assert f"lazyjobs=={core['version']}" in table["dependencies"]


def test_each_package_is_marked_as_typed() -> None:
    sources = [ROOT / "lazyjobs", *(package for path in DISTRIBUTIONS for package in path.glob("src/*/"))]
    assert len(sources) > len(DISTRIBUTIONS)
    assert [package for package in sources if not (package / "py.typed").is_file()] == []
