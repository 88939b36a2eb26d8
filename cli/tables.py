"""Records and jobs as tables that fit the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

_WIDEST = 40
_BETWEEN = 3


def printable(text: str) -> str:
    """Text that came from a page or a program, so that it does not move the terminal's cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def safe(text: str) -> str:
    """The same where rich reads its markup: it does not colour the terminal either."""
    from rich.markup import escape

    return escape(printable(text))


def cell(value: Any) -> str:
    """A value in few words: numbers as they are, long text cut."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = " ".join(str(value).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def columns(rows: Sequence[Mapping[str, Any]], first: Sequence[str] = ()) -> list[str]:
    """The fields that the rows have: those of `first` in that order, then the others as they first appear."""
    present = list(dict.fromkeys(name for row in rows for name in row))
    return sorted(present, key=lambda name: first.index(name) if name in first else len(first))


def fitting(rows: Sequence[Mapping[str, Any]], names: Sequence[str], width: int) -> list[str]:
    """As many of these fields, from the first, as stand side by side in `width` characters; always one."""
    taken: list[str] = []
    used = 0
    for name in names:
        used += max(len(name), *(len(cell(row.get(name))) for row in rows)) + _BETWEEN
        if taken and used > width:
            break
        taken.append(name)
    return taken


def records(rows: Sequence[Mapping[str, Any]], title: str, width: int, first: Sequence[str] = ()) -> "Table":
    """One line a record, in at most `width` characters; the fields of `first` stand first."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    names = fitting(rows, columns(rows, first), width)
    for name in names:
        numeric = all(isinstance(row.get(name), int | float | None) for row in rows)
        table.add_column(safe(name), justify="right" if numeric else "left", overflow="ellipsis", no_wrap=True)
    for row in rows:
        table.add_row(*[safe(cell(row.get(name))) for name in names])
    return table


def plain(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None, whole: Sequence[int] = ()
) -> "Table":
    """A table of given cells; rich markup in them is kept, so what came from a page must be `safe`. The columns `whole`
    are never wrapped: they are for copying."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place in whole, overflow="fold")
    for row in rows:
        table.add_row(*[str(value) for value in row])
    return table


def aligned(rows: Sequence[Sequence[Any]]) -> "Table":
    """Lines whose parts stand under each other, without headings; rich markup is kept."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2), pad_edge=True)
    for row in rows:
        table.add_row(*[str(value) for value in row])
    return table
