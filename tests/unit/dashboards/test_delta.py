"""What is sent to the browser: only what is new or different, and always enough."""

from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.document.events import ColumnDataChangedEvent, ColumnsPatchedEvent, ColumnsStreamedEvent
from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts.delta import push, source_of


def columns(first: int, values: list[float]) -> dict[str, Any]:
    return {"at": np.arange(first, first + len(values)) * 1000.0, "amount": np.array(values, dtype=float)}


def watched() -> tuple[Any, list[Any]]:
    source = source_of("amount")
    told: list[Any] = []
    doc = Document()
    doc.add_root(source)
    doc.on_change(told.append)
    return source, told


def test_the_first_rows_are_sent_whole() -> None:
    source, told = watched()
    push(source, columns(0, [1, 2, 3]))
    assert len(told) == 1
    assert source.data["amount"].tolist() == [1, 2, 3]


def test_a_window_that_moves_on_sends_its_new_rows_alone() -> None:
    source, told = watched()
    push(source, columns(0, [1, 2, 3]))
    told.clear()
    push(source, columns(1, [2, 3, 4]))
    assert [type(event) for event in told] == [ColumnsStreamedEvent]
    assert told[0].data["amount"].tolist() == [4]
    assert source.data["at"].tolist() == [1000, 2000, 3000]


def test_what_came_late_is_patched() -> None:
    source, told = watched()
    push(source, columns(0, [1, 2, 3, 4, 5]))
    told.clear()
    push(source, columns(1, [2, 9, 4, 8, 6]))
    assert [type(event) for event in told] == [ColumnsStreamedEvent, ColumnsPatchedEvent]
    assert source.data["amount"].tolist() == [2, 9, 4, 8, 6]


def test_nothing_new_sends_nothing() -> None:
    source, told = watched()
    push(source, columns(0, []))
    push(source, columns(0, [1, 2]))
    told.clear()
    push(source, columns(0, [1, 2]))
    assert told == []


def test_rows_that_do_not_continue_replace_all() -> None:
    source, told = watched()
    push(source, columns(0, [1, 2, 3]))
    told.clear()
    push(source, columns(50, [7]))
    assert [type(event) for event in told] == [ColumnDataChangedEvent] or len(told) == 1
    assert source.data["amount"].tolist() == [7]


@given(st.lists(st.tuples(st.integers(0, 12), st.lists(st.integers(0, 3), max_size=10)), max_size=12))
def test_the_source_always_becomes_what_is_wanted(steps: list[tuple[int, list[int]]]) -> None:
    source = source_of("amount")
    for first, values in steps:
        wanted = columns(first, [float(value) for value in values])
        push(source, wanted)
        assert np.asarray(source.data["at"]).tolist() == wanted["at"].tolist()
        assert np.asarray(source.data["amount"]).tolist() == wanted["amount"].tolist()
