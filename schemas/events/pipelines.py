"""What a job says of cleaning beyond types, as it travels with each batch."""

from typing import Any, Literal

import msgspec


class CleanStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a pipeline over a text. `replace` and `regex` put `to` for `find`; `map` looks the whole text up in
    `table`; what is not there stays, or is no value where it says `drop`."""

    do: Literal["trim", "collapse", "lower", "upper", "title", "absolute", "replace", "regex", "map"]
    find: str = ""
    to: str = ""
    table: dict[str, Any] = {}
    drop: bool = False


class FieldPipeline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field: steps before its type is read, how it is read, and what its value must be.

    `minimum` and `maximum` bound a number, price or date, `shortest` and `longest` the characters of a text or the
    entries of a list. `strict`: a value that is wrong or cannot be read rejects its record, instead of being left out.
    """

    steps: list[CleanStep] = []
    decimal: Literal["", ".", ","] = ""
    day_first: bool | None = None
    minimum: float | str | None = None
    maximum: float | str | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str = ""
    one_of: list[Any] = []
    strict: bool = False


class Pipelines(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All of a job's: by field, then fields that are computed, then the JSON Schema of the clean record."""

    fields: dict[str, FieldPipeline] = {}
    computed: dict[str, str] = {}
    schema: dict[str, Any] = {}
