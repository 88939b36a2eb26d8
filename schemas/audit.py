"""The audit log's lines and their chain: what a seal covers, and how lines are held against their seals.

A seal's hash is SHA-256 over the words `trawl audit 1`, the hash before it (32 zero bytes for the first), and then each
of: position, the moment of sealing, id, at, actor, action, object, request_id, address, details. Each is UTF-8 behind
its length in bytes (8 bytes, big-endian), so that no two lines can have the same encoding. Numbers are decimal, moments
are microseconds since 1970 in UTC, details are the text of PostgreSQL's jsonb: one form for each value.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

_DOMAIN = b"trawl audit 1"
BEGINNING = bytes(32)
"""The hash before the first seal."""

FindingKind: TypeAlias = Literal["changed", "removed", "unsealed", "inserted", "anchor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedLine:
    """A line exactly as its seal covers it. Moments in microseconds since 1970."""

    id: int
    at_us: int
    actor: str
    action: str
    object: str
    request_id: str
    address: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest seal of a chain."""

    position: int
    audit_id: int
    sealed_at: datetime
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """How far the sealer is: the newest seal, how many lines wait, and for how many seconds the oldest has."""

    head: Head | None
    waiting: int
    oldest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A line as people see it. `username` is the actor's, where the actor is an account; `position` is that of its
    seal, None for the moment until it has one."""

    id: int
    at: datetime
    actor: str
    username: str | None
    action: str
    object: str
    request_id: str
    address: str
    details: dict[str, Any]
    position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines: each that is given must fit. `actor` is a user's id or name, or a process; `since` inclusive,
    `until` exclusive."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    address: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What was written outside the database about the chain's head. `line` is where it stands in its file."""

    line: int
    at: str
    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed. `audit_id` is the line's, 0 where no line is known; `position` its
    seal's, 0 for none."""

    kind: FindingKind
    audit_id: int
    position: int
    message: str


def digest(before: bytes, position: int, sealed_us: int, line: SealedLine) -> bytes:
    """The hash of a seal."""
    parts = (position, sealed_us, line.id, line.at_us, line.actor, line.action, line.object, line.request_id,
             line.address, line.details)  # fmt: skip
    found = hashlib.sha256(_DOMAIN)
    found.update(before)
    for part in parts:
        # PostgreSQL holds no lone surrogate, and a line that is not what it holds must not match.
        encoded = str(part).encode()
        found.update(len(encoded).to_bytes(8, "big"))
        found.update(encoded)
    return found.digest()
