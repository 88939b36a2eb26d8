"""Fields by their names: what a dataset has, and what somebody may have meant."""

from collections.abc import Sequence
from difflib import get_close_matches

from api.errors import ApiError, invalid
from schemas.analysing import Fields, FieldType, Function

_ARITHMETIC: tuple[FieldType, ...] = ("number", "flag")
_TAKES: dict[Function, tuple[FieldType, ...]] = {
    "min": ("number", "moment"),
    "max": ("number", "moment"),
    **dict.fromkeys(("sum", "avg"), _ARITHMETIC),
    **dict.fromkeys(("median", "p05", "p25", "p75", "p95", "p99", "stddev"), ("number",)),
}
"""The types that a function takes; count and distinct take all."""
_TYPED = {"number": "numbers", "flag": "booleans", "moment": "dates", "list": "lists", "text": "texts"}


def types_of(fields: Fields, name: str, place: str, among: Sequence[str] = ()) -> tuple[FieldType, ...]:
    """What a field is. ApiError 422 for one that the dataset has not, with those that it may have been meant for."""
    if name in fields:
        return tuple(sorted(fields[name]))
    raise unknown(name, place, [*among, *fields])


def unknown(name: str, place: str, known: Sequence[str]) -> ApiError:
    """422 that names what is near, or else what there is."""
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    if near:
        return invalid(place, f"There is no {name[:100]!r} here; did you mean {' or '.join(near)}?", "UNKNOWN_FIELD")
    if not known:
        return invalid(place, f"There is no {name[:100]!r} here, nor any other typed field.", "UNKNOWN_FIELD")
    listed = ", ".join(known[:20])
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return invalid(place, f"There is no {name[:100]!r} here; there are {listed}{more}.", "UNKNOWN_FIELD")


def fitting(function: Function, name: str, types: tuple[FieldType, ...], place: str) -> tuple[FieldType, ...]:
    """The type that the function looks at. ApiError 422 where the field is of none."""
    taken = _TAKES.get(function)
    if taken is None:
        return types
    for type_ in taken:
        if type_ in types:
            return (type_,)
    needed = " or ".join(_TYPED[type_] for type_ in taken)
    has = " and ".join(_TYPED[type_] for type_ in types)
    raise invalid(place, f"{function} is of {needed}, and {name[:100]!r} has {has}; count and distinct take it.")
