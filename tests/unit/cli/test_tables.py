"""Records as a table: what fits, and nothing that a page could do to the terminal."""

import io
from typing import Any

from rich.console import Console

from cli.tables import cell, columns, fitting, records


def drawn(rows: list[dict[str, Any]], width: int = 100) -> str:
    written = io.StringIO()
    Console(file=written, width=width, color_system=None).print(records(rows, "Records", width))
    return written.getvalue()


def test_cells_are_short_and_on_one_line() -> None:
    assert cell(None) == ""
    assert cell(12.50) == "12.5"
    assert cell(1234567.0) == "1,234,567"
    assert cell(["a", "b"]) == "a, b"
    assert cell("two\n  lines") == "two lines"
    assert len(cell("x" * 500)) == 40


def test_columns_are_the_fields_in_the_order_they_appear() -> None:
    assert columns([{"b": 1}, {"a": 2, "b": 3}]) == ["b", "a"]
    assert columns([{"b": 1, "a": 2, "c": 3}], ["c", "x", "a"]) == ["c", "a", "b"]


def test_fields_that_do_not_fit_are_left_out_and_the_first_stays() -> None:
    row = {"sku": "LK-10000", "name": "x" * 100, "price": 1.5}
    assert fitting([row], list(row), 80) == ["sku", "name", "price"]
    assert fitting([row], list(row), 56) == ["sku", "name"]
    assert fitting([row], list(row), 20) == ["sku"]
    assert fitting([row], ["name"], 20) == ["name"]


def test_a_page_cannot_colour_the_terminal() -> None:
    text = drawn([{"name": "[red]sale[/red]\x1b[31m\x07", "price": 1.5}])
    assert "[red]sale[/red]" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_a_narrow_terminal_gets_narrow_lines() -> None:
    text = drawn([{"a": "x" * 200, "b": "y" * 200, "c": 1}], width=40)
    assert max(len(line) for line in text.splitlines()) <= 40
