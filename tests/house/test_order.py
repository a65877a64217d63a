"""The house keeps its own rules: sizes, names, docstrings, and nothing in it that belongs elsewhere."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "resolvers", "domains", "cache")
BANNED = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "service"}
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 50


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*sources(), *sorted((ROOT / "tests").rglob("*.py"))], ids=name)
def test_files_stay_short(path: Path) -> None:
    """No file has more than 300 lines, no function of the product more than 50."""
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES_MAX
    if path.is_relative_to(ROOT / "tests"):
        return
    for function in functions(ast.parse(text)):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= FUNCTION_LINES_MAX, f"{function.name} has {length} lines"


@pytest.mark.parametrize("path", sources(), ids=name)
def test_names_mean_something(path: Path) -> None:
    """Files and folders are named for a noun or verb of the trade, never for being a drawer."""
    assert not BANNED & {path.stem, *path.relative_to(ROOT).parent.parts}


@pytest.mark.parametrize("path", [p for p in sources() if p.name == "__init__.py"], ids=name)
def test_packages_say_what_they_are_for(path: Path) -> None:
    """Every package opens with two sentences: what it is for and what it deliberately does not know."""
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert len(docstring.strip().splitlines()) >= 2


@pytest.mark.parametrize("path", sources(), ids=name)
def test_modules_say_what_they_hold(path: Path) -> None:
    """Every module opens with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", sources(), ids=name)
def test_imports_stand_at_the_top(path: Path) -> None:
    """No function imports a module: a cycle is mended, not dodged."""
    for function in functions(ast.parse(path.read_text())):
        for node in ast.walk(function):
            assert not isinstance(node, ast.Import | ast.ImportFrom), f"{function.name} imports at line {node.lineno}"


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=name)
def test_tests_say_what_they_claim(path: Path) -> None:
    """Each test opens with a sentence of what it claims, none patches code, none sleeps."""
    text = path.read_text()
    if path != Path(__file__):
        assert not re.search(
            r"mock\.patch|monkeypatch\.(setattr|setitem)|time\.sleep\(|asyncio\.sleep\((0\.\d|[1-9])", text
        )
    for function in functions(ast.parse(text)):
        if function.name.startswith("test_"):
            assert ast.get_docstring(function), f"{function.name} claims nothing"


def test_nothing_names_a_registry_or_this_machine() -> None:
    """No tracked file names a package registry's host or a path of somebody's machine."""
    pattern = r"py[p]i\.org|python[h]osted|registry\.[n]pmjs|deb\.[d]ebian|(^|[^[:alnum:]_.-])/(wor[k]|roo[t])/"
    found = subprocess.run(["git", "grep", "-nIE", pattern], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout == ""


def test_the_top_level_is_the_plan() -> None:
    """Whoever opens the repository finds the rooms of the plan and nothing else."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    top = {path.split("/")[0] for path in tracked}
    plan = {"pyproject.toml", "README.md", "schema.graphql", "Makefile", ".ci", ".gitignore", "tests", *ROOMS}
    assert top == plan
