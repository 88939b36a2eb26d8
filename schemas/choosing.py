"""Which of a run's records are asked for, by their typed fields, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from schemas.ledger import StoredRecord

MOST_CONDITIONS = 10
LONGEST_CONDITION = 300
"""How many conditions may be asked for at once, and the characters of one."""

Comparison: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCondition:
    """What a field of a record must be. `text` is the value as it was written; it is a number, a moment or a boolean
    too where it reads as one, and then also compared with fields of that type."""

    field: str
    comparison: Comparison
    text: str
    number: float | None = None
    moment: datetime | None = None
    flag: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Records of which every condition is true, scraped from `since` on and before `until`; all of a run's, where
    nothing is said."""

    where: Sequence[FieldCondition] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOrder:
    """By a field of numbers, dates or booleans; `down`: the greatest first. Records without it are last either way."""

    field: str
    down: bool = False


@dataclass(frozen=True, slots=True)
class RankedRecord:
    """A record and where it stands in a FieldOrder, the least first."""

    rank: float
    record: StoredRecord
