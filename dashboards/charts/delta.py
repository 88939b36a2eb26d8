"""Brings a source to new columns by sending only what is new or different."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource

from dashboards.feed.rates import Floats

AT = "at"
"""The column of times (epoch milliseconds, ascending), present in every source that this module brings on."""


def source_of(*columns: str) -> ColumnDataSource:
    """An empty source with a time and the given columns."""
    return ColumnDataSource(data={name: np.empty(0) for name in (AT, *columns)})


def push(source: ColumnDataSource, columns: Mapping[str, Floats]) -> None:
    """Makes the source's data equal to `columns` (all of one length, AT among them).

    Rows that follow those already sent are streamed, sent ones that changed are patched, and only columns that do
    not continue the sent ones are sent whole.
    """
    held = {name: np.asarray(source.data[name], dtype=float) for name in columns}
    gone = _gone(held[AT], columns[AT])
    if gone is None:
        if len(columns[AT]) or len(held[AT]):
            source.data = dict(columns)
        return
    kept = len(held[AT]) - gone
    if len(columns[AT]) > kept:
        source.stream({name: column[kept:] for name, column in columns.items()}, rollover=len(columns[AT]))
    changes: dict[Any, Any] = {}
    for name, column in columns.items():
        found = list(_changes(held[name][gone:], column[:kept]))
        if found:
            changes[name] = found
    if changes:
        source.patch(changes)


def _gone(held: Floats, wanted: Floats) -> int | None:
    """How many of the oldest rows have left, when `wanted` continues `held`; None when it does not."""
    if not len(held) or not len(wanted):
        return None
    gone = int(np.searchsorted(held, wanted[0]))
    kept = len(held) - gone
    if kept <= 0 or kept > len(wanted) or (gone and kept == len(wanted)):
        return None
    return gone if np.array_equal(held[gone:], wanted[:kept]) else None


def _changes(held: Floats, wanted: Floats) -> Iterator[tuple[slice, Floats]]:
    """The stretches in which two columns of one length differ, as Bokeh patches."""
    different = np.flatnonzero(held != wanted)
    if len(different):
        for stretch in np.split(different, np.flatnonzero(np.diff(different) > 1) + 1):
            start, stop = int(stretch[0]), int(stretch[-1]) + 1
            yield slice(start, stop), wanted[start:stop]
