"""API keys for programs: shown once, kept as a hash, revoked at any time."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from api.auth.callers import KEY_PREFIX, Caller
from api.auth.tokens import hash_of
from api.auth.visits import Visit
from api.errors import conflict, invalid, not_found, unauthenticated
from api.ports import Accounts
from schemas.accounts import ApiKey

MAX_KEYS = 50
_NO_SUCH_KEY = "You have no such key."


class Keys:
    """An account's keys."""

    def __init__(self, accounts: Accounts, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._accounts = accounts
        self._clock = clock

    async def make(
        self, caller: Caller, name: str, days: int | None, visit: Visit, scopes: tuple[str, ...] | None = None
    ) -> tuple[ApiKey, str]:
        """A new key, and the secret, which is nowhere else. Without `scopes` it may do all that its owner may; with
        them what they name, as long as its owner may. ApiError 409 for one too many, 422 for what its owner
        may not do."""
        beyond = [scope for scope in scopes or () if scope not in caller.permissions]
        if beyond:
            raise invalid("scopes", f"You may not do {beyond[0]} yourself, so no key of yours may.", "NOT_ALLOWED")
        secret = f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"
        now = self._clock()
        ends = now + timedelta(days=days) if days else None
        if caller.via == "key" and caller.expires_at is not None:
            # A key that ends must not leave one behind that does not.
            most = datetime.fromtimestamp(caller.expires_at, UTC)
            ends = min(ends, most) if ends else most
        key = ApiKey(
            id=str(uuid4()),
            user_id=caller.user_id,
            name=name,
            prefix=secret[: len(KEY_PREFIX) + 6],
            created_at=now,
            expires_at=ends,
            scopes=scopes,
        )
        act = visit.act(caller.user_id, "api_key_made", key.id, name=name, scopes=list(scopes) if scopes else None)
        kept = await self._accounts.add_key(key, hash_of(secret), act, MAX_KEYS, by=caller.credential_id or None)
        if kept == "ended":
            raise unauthenticated("This session has ended; sign in again.")
        if kept == "full":
            raise conflict("name", f"You have {MAX_KEYS} keys already; revoke one that you do not need.")
        return kept, secret

    async def all(self, caller: Caller) -> list[ApiKey]:
        """The caller's keys, newest first."""
        return await self._accounts.keys(caller.user_id)

    async def one(self, caller: Caller, key_id: str) -> ApiKey:
        """A key of the caller's own."""
        found = [key for key in await self._accounts.keys(caller.user_id) if key.id == key_id]
        if not found:
            raise not_found("key_id", _NO_SUCH_KEY)
        return found[0]

    async def revoke(self, caller: Caller, key_id: str, visit: Visit) -> None:
        """Ends a key of the caller's own at once."""
        try:
            known = str(UUID(key_id))
        except ValueError:
            raise not_found("key_id", _NO_SUCH_KEY) from None
        act = visit.act(caller.user_id, "api_key_revoked", known)
        if not await self._accounts.revoke_key(caller.user_id, known, act):
            raise not_found("key_id", _NO_SUCH_KEY)
