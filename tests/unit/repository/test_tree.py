"""Rules for every file: nothing of the machine it was written on, nothing unfinished, nothing too long."""

import ast
import re
import statistics
from pathlib import Path
from typing import TypeGuard

import pytest

from tests.unit.repository.tree import ROOMS, code, files, relative

TEXT = [path for path in files() if path.suffix not in {".png", ".svg", ".ico", ".woff2", ".lock"}]
SELF = Path(__file__).resolve()


def text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def offenders(pattern: str, among: list[Path]) -> list[str]:
    """`file:line` of every match."""
    found = []
    for path in among:
        if path == SELF:
            continue
        for number, line in enumerate(text(path).splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{relative(path)}:{number}")
    return found


def test_no_path_of_a_machine() -> None:
    assert offenders(r"(?<![\w.-])/(work|root|farm)/|/home/[a-z]+/|/tmp/team", TEXT) == []


def test_no_address_of_a_package_host_for_installing() -> None:
    assert offenders(r"--(extra-)?index-url|--find-links|pythonhosted\.org|//pypi\.org/simple", TEXT) == []


def test_nothing_unfinished_in_the_code() -> None:
    assert offenders(r"\b(TODO|FIXME|XXX)\b|except( Exception)?: *pass|# type: ignore *$|# noqa *$", code()) == []


def test_no_name_that_hides_the_idea() -> None:
    hiding = r"(^|/)(utils?|helpers?|common|managers?|misc)(/|\.py$)"
    assert [relative(path) for path in files() if re.search(hiding, relative(path))] == []


def test_files_are_short() -> None:
    lengths = {relative(path): len(text(path).splitlines()) for path in code()}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
    assert statistics.median(lengths.values()) < 130


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Call) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_table(node: ast.AST) -> TypeGuard[ast.Call]:
    """A composition root's list of parts, each by its name: as long as there are parts, and read as one line."""
    return isinstance(node, ast.Call) and not node.args and len(node.keywords) >= 15


def test_functions_are_short() -> None:
    long = []
    for path in code():
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = _lines(node) - sum(_lines(call) - 1 for call in ast.walk(node) if _is_table(call))
                if length > 45:
                    long.append(f"{relative(path)}:{node.lineno} {node.name} has {length} lines")
    assert long == []


@pytest.mark.parametrize("room", ROOMS)
def test_each_module_says_why_it_exists(room: str) -> None:
    silent = [
        relative(path)
        for path in code()
        if relative(path).startswith(f"{room}/") and text(path).strip() and not ast.get_docstring(ast.parse(text(path)))
    ]
    assert silent == []
