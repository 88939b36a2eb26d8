"""A frame as a line of a terminal."""

import io

import pytest
from rich.console import Console

from cli.commands.watch import line


def shown(frame: dict[str, object]) -> str:
    """As it stands on the terminal."""
    written = io.StringIO()
    Console(file=written, width=200, color_system=None).print(line(frame), markup=True, soft_wrap=True)
    return written.getvalue()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"type": "record", "data": {"data": {"sku": "A", "price": 1.5}}}, ["record", "sku=A", "price=1.5"]),
        ({"type": "trend", "data": {"sentence": "price of A fell"}}, ["trend", "price of A fell"]),
        ({"type": "log", "data": {"message": "fetched 200 http://x/"}}, ["log", "fetched 200"]),
        (
            {"type": "progress", "data": {"current_page": 3, "total_pages": None, "current_operation": "Waiting"}},
            ["3 of ? pages", "Waiting"],
        ),
        (
            {"type": "complete", "data": {"status": "failed", "reason": "nothing fetched"}},
            ["complete", "nothing fetched"],
        ),
        ({"type": "error", "data": {"message": "too slow"}}, ["error", "too slow"]),
        ({"type": "unheard", "data": {"a": 1}}, ["unheard"]),
    ],
)
def test_each_kind_is_said_in_one_line(frame: dict[str, object], words: list[str]) -> None:
    text = shown(frame)
    assert text.count("\n") == 1
    assert [word for word in words if word not in text] == []


def test_a_page_cannot_colour_the_terminal() -> None:
    text = shown({"type": "record", "data": {"data": {"name": "[red]sale[/red] \x1b[31m"}}})
    assert "[red]sale[/red]" in text
    assert "\x1b" not in text
