"""Every step of docs/writing-a-backend.md: its files are written as it says, and its commands answer as it shows.

In what a command is to answer, `…` stands for anything, a line of it for any lines; `11/11` for as many of as many.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count, islice, zip_longest
from pathlib import Path
from typing import Protocol

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-backend.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WHOLE = re.compile(r"# (\S+\.py)\n")
_PART = re.compile(r"# in (\S+\.py)\n")
_FRACTION = re.compile(r"(\d+)/(\d+)")


class Written(Protocol):
    def run(self, *command: str, directory: Path = Path()) -> "subprocess.CompletedProcess[str]": ...


def merge(text: str, part: str) -> str:
    """A module's text with the definitions of `part`: in place of those of the same name, or beside the others.

    What `part` has above the class that it changes comes above that class, anything else at the end.
    """
    body = ast.parse(part).body
    changed = next(
        node.name for node in body if isinstance(node, ast.ClassDef) and _named(ast.parse(text).body, node.name)
    )
    above = True
    for node in body:
        existing = ast.parse(text).body
        if _name(node) == changed:
            above = False
            assert isinstance(node, ast.ClassDef)
            for member in node.body:
                text = _put(text, part, member, _find_class(text, changed).body)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            last = [each for each in existing if isinstance(each, ast.Import | ast.ImportFrom)][-1]
            text = _insert(text, last.end_lineno or 0, _source(part, node))
        elif above and not _named(existing, _name(node)):
            text = _insert(text, _begin(_find_class(text, changed)) - 1, f"{_source(part, node)}\n")
        else:
            text = _put(text, part, node, existing)
    return text


def _find_class(text: str, name: str) -> ast.ClassDef:
    found = _named(ast.parse(text).body, name)
    assert isinstance(found, ast.ClassDef)
    return found


def _name(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def _named(body: list[ast.stmt], name: str) -> ast.stmt | None:
    return next((node for node in body if name and _name(node) == name), None)


def _begin(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    return min([node.lineno, *(each.lineno for each in decorators)])


def _source(text: str, node: ast.stmt) -> str:
    return "\n".join(text.splitlines()[_begin(node) - 1 : node.end_lineno])


def _put(text: str, part: str, node: ast.stmt, body: list[ast.stmt]) -> str:
    """`text` with `node` of `part` in its place among `body`."""
    if not _name(node):
        return text
    lines = text.splitlines()
    old = _named(body, _name(node))
    if old is not None:
        lines[_begin(old) - 1 : old.end_lineno] = _source(part, node).splitlines()
        return "\n".join(lines) + "\n"
    return _insert(text, body[-1].end_lineno or 0, f"\n{_source(part, node)}")


def _insert(text: str, after: int, addition: str) -> str:
    lines = text.splitlines()
    return "\n".join([*lines[:after], *addition.splitlines(), *lines[after:]]) + "\n"


def expected_pattern(shown: str) -> "re.Pattern[str]":
    """What a command's answer is to match."""
    numbers = count()
    lines = (
        r"(?:.*\n)*?" if line.strip() == "…" else f"{_line_pattern(line, numbers)} *\n" for line in shown.splitlines()
    )
    return re.compile("".join(lines) + r"(?:.*\n)*")


def _line_pattern(line: str, numbers: Iterator[int]) -> str:
    pieces = (re.sub(r"(\\ )*…(\\ )*", ".*?", re.escape(piece)) for piece in _FRACTION.split(line))
    # The splitting leaves two numbers between a piece and the next.
    fractions = (_fraction_pattern(some, every, next(numbers)) for some, every in _FRACTION.findall(line))
    return "".join(piece for each in zip_longest(islice(pieces, 0, None, 3), fractions, fillvalue="") for piece in each)


def _fraction_pattern(some: str, every: str, number: int) -> str:
    return rf"(?P<n{number}>\d+)/(?P=n{number})" if some == every else r"\d+/\d+"


class Walk:
    """A reader who does what the page says."""

    def __init__(self, install_written: Callable[[Path], Written]) -> None:
        self._install_written = install_written
        self._written: Written | None = None
        self.commands = 0

    def do(self, language: str, text: str) -> None:
        match language:
            case "python":
                self._write(text)
            case "sh":
                subprocess.run(["sh", "-eu", "-c", text], check=True, timeout=60)
                self._written = self._install_written(Path("lazyjobs-files"))
            case "text" if text.startswith("$ "):
                for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                    self._run(command)
            case "text":
                assert all(Path(line.split()[0]).suffix or "/" in line for line in text.splitlines())
            case _:
                raise AssertionError(f"{PAGE.name} has a block of {language!r}; write python, sh or text")

    def _write(self, text: str) -> None:
        if part := _PART.match(text):
            path = Path(part[1])
            path.write_text(merge(path.read_text(), text))
        else:
            whole = _WHOLE.match(text)
            assert whole, f"a block names no file:\n{text}"
            Path(whole[1]).write_text(text)

    def _run(self, text: str) -> None:
        command, _, shown = text.partition("\n")
        assert self._written is not None
        done = self._written.run(*command.split())
        self.commands += 1
        output = done.stdout + done.stderr
        assert expected_pattern(shown).fullmatch(output), f"$ {command}\nanswers\n{output}\nand not\n{shown}"
        fails = any(line.startswith(" FAIL") for line in shown.splitlines())
        assert done.returncode == int(fails), output


def test_every_step_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install_written: Callable[[Path], Written]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    walk = Walk(install_written)
    for language, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        walk.do(language, text)
    assert walk.commands > 8


def test_a_part_replaces_what_has_its_name_and_adds_the_rest() -> None:
    text = "import os\n\nX = 1\n\n\nclass A:\n    y = 2\n\n    def f(self):\n        pass\n\n\ndef g():\n    pass\n"
    part = (
        "import re\nZ = 3\nclass A:\n    ...\n    y = 4\n    def h(self):\n        return 5\ndef g():\n    return 6\n"
    )
    space: dict[str, object] = {}
    exec(merge(text, part), space)
    assert [space["X"], space["Z"], space["re"]] == [1, 3, re]
    assert "y = 2" not in merge(text, part)
    assert "def f" in merge(text, part)


@pytest.mark.parametrize(
    ("shown", "output", "matches"),
    [
        ("a\n", "a\n", True),
        ("a\n…\nc\n", "a\nb\nb\nc\n", True),
        ("a\n…\nc\n", "a\nc\nd\n", True),
        ("a\n…\nc\n", "a\nb\n", False),
        (" x 3/3 y 4/4\n", " x 7/7 y 9/9\n", True),
        (" x 3/3 y 4/4\n", " x 7/7 y 8/9\n", False),
        (" x 3/3\n", " x 6/7\n", False),
    ],
)
def test_what_is_shown_is_compared_with_what_is_answered(shown: str, output: str, matches: bool) -> None:
    assert bool(expected_pattern(shown).fullmatch(output)) is matches
