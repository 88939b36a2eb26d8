"""Who may do what, and what was done: the shapes in which accounts pass between the gateway and its store."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the audit log, written in the transaction of the deed. `actor` is a user's id, or a process."""

    actor: str
    action: str
    object: str = ""
    request_id: str = ""
    address: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `status` is active, disabled or locked; only an active one is let in."""

    id: str
    username: str
    email: str | None
    role: str
    status: str
    created_at: datetime
    last_login: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An account with what its password must match (an argon2id hash in PHC format)."""

    user: User
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in device. `refresh_hash` is the SHA-256 of its one valid refresh token."""

    id: str
    user_id: str
    refresh_hash: bytes
    expires_at: datetime
    user_agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """A session that has neither expired nor been revoked, with its account."""

    id: str
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program's key. `prefix` is its beginning, by which its owner recognises it; the key itself is not kept."""

    id: str
    user_id: str
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used: datetime | None = None
