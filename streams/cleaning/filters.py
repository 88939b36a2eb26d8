"""The job's filters: which clean records are wanted."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from schemas.events.records import CleanRules, FieldType
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.dates import to_date
from streams.cleaning.types.numbers import to_number
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import tidy

Filter = Callable[[dict[str, Any]], bool]
"""Whether a clean record is wanted."""

_NOWHERE = Page()
_NUMERIC = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]+)?", re.ASCII).fullmatch


def compile_filters(rules: CleanRules) -> list[Filter]:
    """One filter for each entry of the job's `filters`; a record must pass all. The same rules give the same filters.

    `min_price` and `max_price` bound a number, price or date (bounds included), and so does `price: {"min": …,
    "max": …}`; any other name is a field that must have the value, or one of a list of values. Texts are compared
    without regard to case, a list field passes when one of its entries does. `categories` also means the field
    `category`, as a list of wanted values is naturally called. A record that has no value to compare does not pass:
    that it is wanted cannot be said. A bound that is no number or date admits nothing.
    """
    compiled: list[Filter] = []
    for name, wanted in rules.filters.items():
        bound = name[:4] if name[:4] in ("min_", "max_") and name not in rules.fields else ""
        if bound:
            compiled.append(_bounds(name[4:], {bound[:3]: wanted}, rules))
        elif isinstance(wanted, dict) and wanted and wanted.keys() <= {"min", "max"}:
            compiled.append(_bounds(name, wanted, rules))
        else:
            compiled.append(_values(name, wanted, rules))
    return compiled


def _names(name: str, rules: CleanRules) -> list[str]:
    """The fields that a filter's name may mean: itself, else its singular."""
    if name in rules.fields:
        return [name]
    singular = [f"{name[:-3]}y"] if name.endswith("ies") else []
    singular += [name[:-2]] if name.endswith("es") else []
    singular += [name[:-1]] if name.endswith("s") else []
    known = [one for one in singular if one in rules.fields]
    return known[:1] or [name, *singular]


def _bounds(name: str, bounds: Mapping[str, Any], rules: CleanRules) -> Filter:
    names = _names(name, rules)
    kind: FieldType = rules.fields[names[0]].type if names[0] in rules.fields else "number"
    low, high = _comparable(bounds.get("min"), kind), _comparable(bounds.get("max"), kind)
    unusable = any(_comparable(bound, kind) is None for bound in bounds.values())

    def wanted(data: dict[str, Any]) -> bool:
        value = _comparable(_present(data, names), kind)
        if value is None or unusable:
            return False
        return (low is None or value >= low) and (high is None or value <= high)

    return wanted


def _values(name: str, wanted: Any, rules: CleanRules) -> Filter:
    names = _names(name, rules)
    options = {_folded(option) for option in (wanted if isinstance(wanted, list) else [wanted])}

    def passes(data: dict[str, Any]) -> bool:
        value = _present(data, names)
        if isinstance(value, list):
            return any(_folded(entry) in options for entry in value)
        return value is not None and _folded(value) in options

    return passes


def _present(data: dict[str, Any], names: list[str]) -> Any:
    for name in names:
        if name in data:
            return data[name]
    return None


def _comparable(value: Any, kind: FieldType) -> float | None:
    """A number, or a date as its seconds; None for what is neither."""
    if isinstance(value, float):
        return value
    try:
        if kind == "date":
            said = to_date(value, _NOWHERE)
            return datetime.fromisoformat(said).timestamp() if said else None
        return to_number(value, _NOWHERE)
    except UnreadableValueError:
        return None


def _folded(value: Any) -> str | float:
    """One form for values that mean the same: 4, 4.0 and "4"; "Books" and "books"; true and "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        text = tidy(value).casefold()
        return float(text) if _NUMERIC(text) else text
    return repr(value)
