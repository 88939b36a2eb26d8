"""Accounts, sessions and keys in memory. tests/contract/api holds them to the real adapter's promises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from api.auth.permissions import permissions_of
from api.ports.accounts import Warn
from schemas.accounts import Act, ApiKey, Credential, Device, Factor, LiveKey, LiveSession, Session, Standing, User
from schemas.mail import Mail
from tests.unit.api.switch import Switch


@dataclass
class _KeptSession:
    session: Session
    refresh_hash: bytes
    created_at: datetime
    last_seen: datetime
    previous: bytes | None = None
    rotated_at: datetime | None = None
    revoked: bool = False


@dataclass
class _KeptKey:
    key: ApiKey
    key_hash: bytes
    revoked: bool = False


class FakeAccounts:
    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.switch = Switch()
        self.acts: list[Act] = []
        self.mails: list[Mail] = []
        self.users: dict[str, tuple[User, str]] = {}
        self.factors: dict[str, Factor] = {}
        self.sessions: dict[str, _KeptSession] = {}
        self.seen: dict[str, dict[bytes, tuple[str, datetime]]] = {}
        self.api_keys: dict[str, _KeptKey] = {}
        self.links: dict[tuple[str, bytes], tuple[str, datetime]] = {}
        self.ends: list[Callable[[str], None]] = []
        """What other stores do when a password is reset."""
        self.codes_end: Callable[[str], None] = lambda user_id: None
        self.asked_about = 0

    def shown(self, user_id: str) -> User:
        """An account with what it may do now."""
        user = self.users[user_id][0]
        factor = self.factors.get(user_id)
        return replace(user, permissions=(*permissions_of(user.role), *user.granted),
                       mfa_enabled=bool(factor and factor.enabled))  # fmt: skip

    def tell(self, act: Act, mail: Mail | None = None) -> None:
        self.acts.append(act)
        if mail:
            self.mails.append(mail)

    def change(self, user_id: str, **fields: Any) -> None:
        """What an administrator might do."""
        user, password_hash = self.users[user_id]
        self.users[user_id] = (replace(user, **fields), password_hash)

    async def credential(self, login: str) -> Credential | None:
        self.switch.check()
        by_address = [pair for pair in self.users.values() if pair[0].email == login.lower()]
        found = by_address or [pair for pair in self.users.values() if pair[0].username == login]
        return Credential(user=self.shown(found[0][0].id), password_hash=found[0][1]) if found else None

    async def user(self, user_id: str) -> User | None:
        self.switch.check()
        return self.shown(user_id) if user_id in self.users else None

    async def add_user(self, user: User, password_hash: str, act: Act, mail: Mail | None = None) -> bool:
        self.switch.check()
        name = user.username.lower()
        if ("@" in name and ":" not in name and name != user.email) or self.taken(user.id, {name, user.email}):
            return False
        self.users[user.id] = (replace(user, created_at=self.clock()), password_hash)
        self.tell(act, mail)
        return True

    def taken(self, user_id: str, names: set[str | None]) -> bool:
        """Whether somebody else signs in by one of these names or addresses."""
        others = [user for user, _ in self.users.values() if user.id != user_id]
        return any(names & {other.username.lower(), other.email} - {None} for other in others)

    def turn(self, user_id: str) -> None:
        """What let the account in until now has changed."""
        self.change(user_id, credential_version=self.users[user_id][0].credential_version + 1)

    async def open_session(self, session: Session, act: Act, warning: Mail | None = None) -> bool:
        self.switch.check()
        if not self.active(session.user_id) or self.users[session.user_id][0].credential_version != session.version:
            return False
        now = self.clock()
        self.sessions[session.id] = _KeptSession(session, session.refresh_hash, now, now)
        self.change(session.user_id, last_login=now)
        surprising = bool(session.device) and self.meet(session.user_id, session.device, session.network)
        if surprising:
            act = replace(act, details=act.details | {"new_device": True})
        self.tell(act, warning if surprising else None)
        return True

    def meet(self, user_id: str, mark: bytes, network: str) -> bool:
        """Whether this device is new to an account that knows others."""
        known = self.seen.setdefault(user_id, {})
        surprising = bool(known) and mark not in known
        known[mark] = (network, self.clock())
        return surprising

    async def known_network(self, user_id: str | None, network: str) -> bool:
        self.switch.check()
        month_ago = self.clock() - timedelta(days=30)
        return any(where == network and at > month_ago for where, at in self.seen.get(user_id or "", {}).values())

    def active(self, user_id: str) -> bool:
        return user_id in self.users and self.users[user_id][0].status == "active"

    def _live(self, kept: _KeptSession) -> bool:
        now = self.clock()
        idle = now - kept.last_seen >= timedelta(seconds=kept.session.idle_lifetime)
        over = kept.revoked or idle or kept.session.expires_at <= now
        return not over and self.active(kept.session.user_id)

    async def live_session(self, session_id: str) -> LiveSession | None:
        self.switch.check()
        kept = self.sessions.get(session_id)
        if kept is None or not self._live(kept):
            return None
        kept.last_seen = self.clock()
        return LiveSession(id=session_id, user=self.shown(kept.session.user_id), expires_at=kept.session.expires_at)

    async def devices(self, user_id: str) -> list[Device]:
        self.switch.check()
        found = [kept for kept in self.sessions.values() if kept.session.user_id == user_id and self._live(kept)]
        return [
            Device(id=kept.session.id, created_at=kept.created_at, last_seen=kept.last_seen,
                   expires_at=kept.session.expires_at, user_agent=kept.session.user_agent,
                   address=kept.session.address, how=kept.session.how)
            for kept in sorted(found, key=lambda kept: kept.last_seen, reverse=True)
        ]  # fmt: skip

    async def end_device(self, user_id: str, session_id: str, act: Act) -> bool:
        self.switch.check()
        kept = self.sessions.get(session_id)
        if kept is None or kept.session.user_id != user_id or not self._live(kept):
            return False
        return self._end([kept], act)

    async def rotate(
        self, session_id: str, shown: bytes, replacement: bytes, grace: float, act: Act, theft: Act, warn: Warn
    ) -> Literal["rotated", "raced", "reused", "ended"]:
        self.switch.check()
        kept = self.sessions.get(session_id)
        if kept is None or not self._live(kept):
            return "ended"
        now = self.clock()
        if kept.refresh_hash == shown:
            kept.previous, kept.refresh_hash, kept.rotated_at, kept.last_seen = shown, replacement, now, now
            self.acts.append(act)
            return "rotated"
        if kept.previous == shown and kept.rotated_at and now - kept.rotated_at < timedelta(seconds=grace):
            return "raced"
        kept.revoked = True
        self.tell(theft, warn(self.shown(kept.session.user_id)))
        return "reused"

    async def end_session(self, session_id: str, act: Act) -> bool:
        self.switch.check()
        return self._end([self.sessions[session_id]] if session_id in self.sessions else [], act)

    async def end_sessions(self, user_id: str, act: Act) -> bool:
        self.switch.check()
        self.codes_end(user_id)
        return self._end([kept for kept in self.sessions.values() if kept.session.user_id == user_id], act)

    def _end(self, found: list[_KeptSession], act: Act) -> bool:
        open_ones = [kept for kept in found if not kept.revoked]
        for kept in open_ones:
            kept.revoked = True
        if open_ones:
            self.acts.append(act)
        return bool(open_ones)

    def end_others(self, user_id: str, keep: str | None = None) -> None:
        self.codes_end(user_id)
        for kept in self.sessions.values():
            if kept.session.user_id == user_id and kept.session.id != keep:
                kept.revoked = True

    async def count_sessions(self, user_id: str) -> int:
        self.switch.check()
        return sum(kept.session.user_id == user_id and self._live(kept) for kept in self.sessions.values())

    async def add_key(
        self, key: ApiKey, key_hash: bytes, act: Act, room: int, by: str | None
    ) -> ApiKey | Literal["full", "ended"]:
        self.switch.check()
        if by and not await self.standing([by]):
            return "ended"
        if sum(kept.key.user_id == key.user_id and self._good(kept) for kept in self.api_keys.values()) >= room:
            return "full"
        self.api_keys[key.id] = _KeptKey(replace(key, created_at=self.clock()), key_hash)
        self.acts.append(act)
        return self.api_keys[key.id].key

    async def keys(self, user_id: str) -> list[ApiKey]:
        self.switch.check()
        found = [kept.key for kept in self.api_keys.values() if kept.key.user_id == user_id and not kept.revoked]
        return sorted(found, key=lambda key: key.created_at, reverse=True)

    async def revoke_key(self, user_id: str, key_id: str, act: Act) -> bool:
        self.switch.check()
        kept = self.api_keys.get(key_id)
        if kept is None or kept.revoked or kept.key.user_id != user_id:
            return False
        kept.revoked = True
        self.acts.append(act)
        return True

    def _good(self, kept: _KeptKey) -> bool:
        key = kept.key
        expired = key.expires_at is not None and key.expires_at <= self.clock()
        return not kept.revoked and not expired and self.active(key.user_id)

    async def by_key(self, key_hash: bytes, address: str = "") -> LiveKey | None:
        self.switch.check()
        for kept in self.api_keys.values():
            if kept.key_hash == key_hash and self._good(kept):
                key = kept.key = replace(kept.key, last_used=self.clock(), last_address=address)
                return LiveKey(id=key.id, user=self.shown(key.user_id), expires_at=key.expires_at, scopes=key.scopes)
        return None

    async def add_link(
        self,
        link_hash: bytes,
        user_id: str,
        expires_at: datetime,
        act: Act,
        *,
        purpose: Literal["sign_in", "reset"] = "sign_in",
        mail: Mail | None = None,
        version: int = 0,
    ) -> bool:
        self.switch.check()
        if self.users[user_id][0].credential_version != version:
            return False
        self.links[purpose, link_hash] = (user_id, expires_at)
        self.tell(act, mail)
        return True

    def good_link(self, purpose: str, link_hash: bytes) -> User | None:
        """Whom an unspent link is for."""
        user_id, expires_at = self.links.get((purpose, link_hash), ("", self.clock()))
        return self.shown(user_id) if expires_at > self.clock() and self.active(user_id) else None

    async def use_link(self, link_hash: bytes, opened: Callable[[User], tuple[Session, Act]]) -> User | None:
        self.switch.check()
        user = self.good_link("sign_in", link_hash)
        if user is None:
            return None
        del self.links["sign_in", link_hash]
        session, act = opened(user)
        await self.open_session(session, act)
        return user

    async def standing(self, ids: Sequence[str]) -> dict[str, Standing]:
        self.asked_about += 1
        self.switch.check()
        sessions = {
            i: self.sessions[i].session.user_id for i in ids if i in self.sessions and self._live(self.sessions[i])
        }
        keys = {i: self.api_keys[i].key.user_id for i in ids if i in self.api_keys and self._good(self.api_keys[i])}
        found = {i: self.shown(user_id) for i, user_id in (sessions | keys).items()}
        return {i: Standing(role=user.role, permissions=frozenset(user.permissions)) for i, user in found.items()}

    async def note(self, act: Act) -> None:
        self.switch.check()
        self.acts.append(act)
