"""Writes docs/contract.md from the docstrings of `lazyjobs.contract`; run it after changing one of them."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from lazyjobs import contract

PAGE = Path(__file__).resolve().parent.parent / "docs" / "contract.md"
COMMAND = ".venv/bin/python scripts/contract_page.py"

_SECTIONS = {
    "The backend": ["Backend"],
    "Optional capabilities": [
        "SupportsExtend",
        "SupportsInsertMany",
        "SupportsClaimMany",
        "SupportsFinishAndClaim",
        "SupportsWait",
        "SupportsNow",
        "SupportsPrune",
        "SupportsClose",
    ],
    "Records": ["State", "Record", "Stats"],
    "Parameters": [
        "InsertParams",
        "ClaimParams",
        "CompleteParams",
        "RetryParams",
        "DiscardParams",
        "ExtendParams",
        "ListOptions",
        "WaitParams",
        "PruneParams",
        "FinishParams",
    ],
    "Errors": [
        "LazyJobsError",
        "BackendError",
        "BackendUnavailableError",
        "BackendClosedError",
        "PayloadTooLargeError",
        "ClaimLostError",
        "BackendURLError",
        "UnknownBackendError",
    ],
    "Opening by URL": ["open_backend", "OpensFromURL", "BackendURL"],
    "Version": ["CONTRACT_VERSION"],
}


def render() -> str:
    """The page as it should be; raises ValueError for a public name of the contract that no section shows."""
    shown = [name for names in _SECTIONS.values() for name in names]
    if left := set(contract.__all__).symmetric_difference(shown):
        raise ValueError(f"the sections of {Path(__file__).name} and lazyjobs.contract differ in {sorted(left)}")
    sources = _Sources()
    parts = [f"<!-- Made by {COMMAND} from the docstrings of lazyjobs.contract: change those. -->", "# The contract"]
    parts.append(inspect.getdoc(contract) or "")
    for title, names in _SECTIONS.items():
        parts.append(f"## {title}")
        for name in names:
            parts.extend(sources.describe(name))
    return "\n\n".join(parts) + "\n"


class _Sources:
    """The top-level definitions of the contract's modules, as written, with the texts below them."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[ast.stmt, str]] = {}
        for path in sorted(Path(contract.__file__).parent.glob("*.py")):
            self._found.update(_described(ast.parse(path.read_text(encoding="utf-8")).body))

    def describe(self, name: str) -> Iterator[str]:
        node, below = self._found[name]
        match node:
            case ast.ClassDef():
                yield from self._describe_class(node)
            case ast.FunctionDef():
                yield from _describe_function(node, "###")
            case _:
                yield f"### `{ast.unparse(node)}`"
                yield below

    def _describe_class(self, node: ast.ClassDef) -> Iterator[str]:
        bases = [ast.unparse(base) for base in node.bases if _is_public(base)]
        yield f"### `{node.name}`" + (f" ({', '.join(f'`{base}`' for base in bases)})" if bases else "")
        yield ast.get_docstring(node) or ""
        if node.name.endswith("Error"):
            yield f"Made by `{node.name}({self._constructor(node)})`."
        if fields := "\n".join(_describe_field(field, below) for field, below in self._fields(node)):
            yield fields
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                yield from _describe_function(method, "####")

    def _fields(self, node: ast.ClassDef) -> Iterator[tuple[ast.stmt, str]]:
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id.startswith("_"):
                inherited, _ = self._found[base.id]
                assert isinstance(inherited, ast.ClassDef)
                yield from self._fields(inherited)
        for name, (statement, below) in _described(node.body).items():
            if isinstance(statement, ast.Assign | ast.AnnAssign) and not name.startswith("_"):
                yield statement, below

    def _constructor(self, error: ast.ClassDef) -> str:
        for node in error.body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                return _describe_arguments(node)
        return "message: str"


def _described(body: list[ast.stmt]) -> dict[str, tuple[ast.stmt, str]]:
    """The public and private definitions in `body`, each with the string that stands behind it."""
    found: dict[str, tuple[ast.stmt, str]] = {}
    for node, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        below = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            below = inspect.cleandoc(str(following.value.value))
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                found[name] = node, ""
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = node, below
    return found


def _describe_field(field: ast.stmt, below: str) -> str:
    return f"- `{ast.unparse(field)}`" + (f": {' '.join(below.split())}" if below else "")


def _describe_function(node: ast.FunctionDef, level: str) -> Iterator[str]:
    arguments = _describe_arguments(node)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    kind = "property " if any(ast.unparse(each) == "property" for each in node.decorator_list) else ""
    yield f"{level} {kind}`{node.name}({arguments}){returns}`"
    yield ast.get_docstring(node) or ""


def _describe_arguments(node: ast.FunctionDef) -> str:
    return ast.unparse(node.args).removeprefix("self").removeprefix("cls").removeprefix(", ")


def _is_public(base: ast.expr) -> bool:
    return isinstance(base, ast.Name) and not base.id.startswith("_") and base.id not in {"Protocol", "Struct"}


def main() -> None:
    """Writes the page."""
    PAGE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
