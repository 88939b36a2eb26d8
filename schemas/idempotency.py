"""Requests that carry an Idempotency-Key: how one stands, as the gateway and its store tell each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Held:
    """It is this attempt's to carry out. What it makes is named after `deed`, so that another attempt of the same
    request makes the same thing; the right ends after `lease` seconds unless it is renewed."""

    deed: str
    lease: float


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """It was carried out, and this was answered (`body` is UTF-8)."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Standing: TypeAlias = Held | KeptAnswer | Literal["under way", "another request"]
