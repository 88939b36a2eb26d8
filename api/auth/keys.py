"""API keys for programs: shown once, kept as a hash, revoked at any time."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from api.auth.callers import KEY_PREFIX, Caller
from api.auth.sign_in import Visit
from api.errors import not_found
from api.ports import Accounts
from schemas.accounts import ApiKey

_NO_SUCH_KEY = "You have no such key."


class Keys:
    """An account's keys."""

    def __init__(self, accounts: Accounts, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._accounts = accounts
        self._clock = clock

    async def make(self, caller: Caller, name: str, days: int | None, visit: Visit) -> tuple[ApiKey, str]:
        """A new key with all rights of its owner, and the secret, which is nowhere else."""
        secret = f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"
        now = self._clock()
        key = ApiKey(
            id=str(uuid4()),
            user_id=caller.user_id,
            name=name,
            prefix=secret[: len(KEY_PREFIX) + 6],
            created_at=now,
            expires_at=now + timedelta(days=days) if days else None,
        )
        act = visit.act(caller.user_id, "api_key_made", key.id, name=name)
        return await self._accounts.add_key(key, hashlib.sha256(secret.encode()).digest(), act), secret

    async def all(self, caller: Caller) -> list[ApiKey]:
        """The caller's keys, newest first."""
        return await self._accounts.keys(caller.user_id)

    async def revoke(self, caller: Caller, key_id: str, visit: Visit) -> None:
        """Ends a key of the caller's own at once."""
        try:
            known = str(UUID(key_id))
        except ValueError:
            raise not_found("key_id", _NO_SUCH_KEY) from None
        act = visit.act(caller.user_id, "api_key_revoked", known)
        if not await self._accounts.revoke_key(caller.user_id, known, act):
            raise not_found("key_id", _NO_SUCH_KEY)
