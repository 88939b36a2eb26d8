"""Who may do what, and what was done: the shapes in which accounts pass between the gateway and its store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.mail import Mail


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do, once, what a request with an Idempotency-Key asks for: the key's row, and this attempt."""

    key: str
    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the audit log, written in the transaction of the deed. `actor` is a user's id, or a process. A deed
    with a `claim` is done by the attempt that holds it, or not at all."""

    actor: str
    action: str
    object: str = ""
    request_id: str = ""
    address: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `status` is active, disabled or locked; only an active one is let in. `permissions` is all that it
    may do: its role's, as the store knows them, and those `granted` besides. After `password_expires` (a temporary
    password has an end) its password counts no more. `credential_version` counts up whenever what was shown before may
    let nobody in any more."""

    id: str
    username: str
    email: str | None
    role: str
    status: str
    created_at: datetime
    last_login: datetime | None = None
    first_name: str = ""
    last_name: str = ""
    permissions: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()
    mfa_enabled: bool = False
    password_expires: datetime | None = None
    credential_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An account with what its password must match (an argon2id hash in PHC format)."""

    user: User
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in device. `refresh_hash` is the SHA-256 of its one valid refresh token; unused for `idle_lifetime`
    seconds it is over. `device` marks what it was opened with, `network` from where; `version` is the account's
    credential version as it was looked at."""

    id: str
    user_id: str
    refresh_hash: bytes
    expires_at: datetime
    user_agent: str = ""
    address: str = ""
    idle_lifetime: int = 43_200
    how: str = "password"
    device: bytes = b""
    network: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """A session that has neither expired nor been revoked, with its account."""

    id: str
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A signed-in device as its owner sees it."""

    id: str
    created_at: datetime
    last_seen: datetime
    expires_at: datetime
    user_agent: str
    address: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an account may do now, for whoever must notice that it has changed."""

    role: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What an account has done, as the audit log and its sessions tell."""

    total_logins: int
    reports_created: int
    jobs_managed: int
    last_active: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What is to be changed of an account; None leaves it. `granted` replaces all that was granted before."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    role: str | None = None
    status: str | None = None
    granted: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Failed tries of one subject. Nothing of it is tried before `blocked_until`."""

    failures: int = 0
    last_at: datetime | None = None
    blocked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided about a try: the tallies as they are from now on (those that do not change are left out), the
    seconds to wait (0: go ahead), and what is to be written down and told about it."""

    tallies: Mapping[str, Tally] = field(default_factory=dict)
    wait: float = 0.0
    act: Act | None = None
    mail: Mail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """An account's second factor: the TOTP secret (base32), the salt of its backup codes, and the last 30-second step
    whose code was spent. One that is not `enabled` was set up and never shown to work."""

    secret: str
    salt: bytes
    enabled: bool
    last_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program's key. `prefix` is its beginning, by which its owner recognises it; the key itself is not kept.
    `scopes` are the permissions that it was given of its owner's, None for all of them, also those of tomorrow."""

    id: str
    user_id: str
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used: datetime | None = None
    last_address: str = ""
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKey:
    """A key that has neither expired nor been revoked, with its account."""

    id: str
    user: User
    expires_at: datetime | None
    scopes: tuple[str, ...] | None
