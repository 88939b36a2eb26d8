"""What is known of records besides themselves: whether they are new, changed, gone, or repeat another."""

from typing import Any, Literal

import msgspec

from schemas.events.base import Event


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One record against what was known before it, by its id.

    `new`: its key was not known, or had gone. `changed`: `fields` says from what to what, as far as it is remembered.
    `repeat`: the very same was read before in the same run. `similar`: its long text is nearly that of another record;
    a second mark of one that is new or changed. `gone`: its key was not seen in a whole run. `other` is the id of the
    record that it follows, repeats or resembles.
    """

    record_id: str
    key: str
    state: Literal["new", "changed", "repeat", "similar", "gone"]
    other: str = ""
    fields: dict[str, list[Any]] = {}


class RecordMarks(Event, kw_only=True, frozen=True):
    """The marks of one clean batch; `unchanged` counts its records that are as they were, which have no mark."""

    id: str
    dataset: str
    run_id: str
    job_id: str
    at: str
    unchanged: int = 0
    marks: list[Mark] = []

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.dataset

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, ""
