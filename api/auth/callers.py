"""From what a request shows to who is calling."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from api.auth.permissions import Permission, known
from api.auth.tokens import TokenKind, Tokens, hash_of
from api.errors import unauthenticated
from api.ports import Accounts

KEY_PREFIX = "trawl_"
COOKIE = "trawl_session"
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever makes a request. `credential_id` is the session or key that it was made with; `expires_at` (epoch
    seconds) is when that credential ends, or None. `rights` is all that the account may do; `scopes` what this
    credential may be used for, None for everything."""

    user_id: str
    username: str
    role: str
    via: Literal["token", "key", "browser"]
    credential_id: str
    expires_at: float | None
    rights: tuple[Permission, ...] = ()
    scopes: tuple[str, ...] | None = None

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """What may be done with this credential: never more than the account may."""
        return tuple(right for right in self.rights if self.scopes is None or right.value in self.scopes)

    @property
    def personal(self) -> bool:
        """Whether somebody acts for themselves, and no key or application of theirs."""
        return self.via != "key" and self.scopes is None

    @property
    def sees_all(self) -> bool:
        """Whether the objects of others are visible: an administrator's right alone."""
        return Permission.ADMIN in self.permissions

    @property
    def owner_filter(self) -> str | None:
        """The owner whose objects are visible, or None for everyone's."""
        return None if self.sees_all else self.user_id


class Callers:
    """Looks callers up; what the store said is believed for `freshness` seconds, so that ending a session is felt
    within that time everywhere and reading costs no query per request."""

    def __init__(
        self, accounts: Accounts, tokens: Tokens, freshness: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._freshness = freshness
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Caller | None]] = {}

    async def by_headers(self, headers: Mapping[str, str], address: str = "") -> Caller | None:
        """Whoever `Authorization` or `X-API-Key` names; None without either. ApiError 401 for a bad one. A key
        remembers the `address` that it was used from."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme:
            if scheme.lower() != "bearer" or not value.strip():
                raise unauthenticated("Send `Authorization: Bearer <token>`.")
            return await self.by_secret(value.strip(), address)
        key = headers.get("x-api-key", "")
        return await self.by_key(key, address) if key else None

    async def by_secret(self, secret: str, address: str = "") -> Caller:
        """Whoever an access token or API key belongs to."""
        if secret.startswith(KEY_PREFIX):
            return await self.by_key(secret, address)
        return await self._by_token("access", secret)

    async def by_cookie(self, value: str) -> Caller:
        """Whoever signed in with this browser."""
        return await self._by_token("browser", value)

    async def by_key(self, key: str, address: str = "") -> Caller:
        """Whoever an API key belongs to. The key is found by its hash, so that no comparison tells anything."""
        key_hash = hash_of(key)

        async def ask() -> Caller | None:
            found = await self._accounts.by_key(key_hash, address)
            if found is None:
                return None
            return Caller(
                user_id=found.user.id,
                username=found.user.username,
                role=found.user.role,
                via="key",
                credential_id=found.id,
                expires_at=found.expires_at.timestamp() if found.expires_at else None,
                rights=known(found.user.permissions),
                scopes=found.scopes,
            )

        caller = await self._fresh(f"key {key_hash.hex()}", ask)
        if caller is None:
            raise unauthenticated("This API key is not valid; it may have been revoked.")
        return caller

    async def _by_token(self, kind: TokenKind, token: str) -> Caller:
        claims = await self._tokens.read(kind, token)

        async def ask() -> Caller | None:
            session = await self._accounts.live_session(claims.session_id)
            if session is None or session.user.id != claims.user_id:
                return None
            return Caller(
                user_id=session.user.id,
                username=session.user.username,
                role=session.user.role,
                via="browser" if kind == "browser" else "token",
                credential_id=session.id,
                expires_at=claims.expires_at,
                rights=known(session.user.permissions),
                scopes=claims.scopes,
            )

        caller = await self._fresh(f"{kind} {claims.session_id} {claims.expires_at} {claims.scopes}", ask)
        if caller is None:
            raise unauthenticated("This session has ended; sign in again.")
        return caller

    async def _fresh(self, name: str, ask: Callable[[], Awaitable[Caller | None]]) -> Caller | None:
        now = self._clock()
        remembered = self._known.get(name)
        if remembered and now - remembered[0] < self._freshness:
            return remembered[1]
        # A thousand requests with one key ask the store one question, and whoever hangs up takes it from nobody else.
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.ensure_future(self._asked(name, now, ask))
        return await asyncio.shield(asking)

    async def _asked(self, name: str, now: float, ask: Callable[[], Awaitable[Caller | None]]) -> Caller | None:
        asking = asyncio.current_task()
        try:
            caller = await ask()
        finally:
            if self._asking.get(name) is asking:
                del self._asking[name]
        self._known[name] = (now, caller)
        self._known.move_to_end(name)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return caller

    def forget(self) -> None:
        """What was remembered may be wrong now: someone has just signed out or revoked a key here."""
        self._known.clear()
        self._asking.clear()
