"""Whoever is signed in shows the password again before a way in changes: a session may be stolen."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from api.auth.callers import Caller
from api.auth.passwords import Passwords
from api.auth.tries import Tries
from api.auth.visits import Visit
from api.errors import ApiError, Fault, conflict, not_found
from api.ports import Accounts
from schemas.accounts import User

RECENT = timedelta(minutes=10)
"""For so long whoever has signed in needs no password to set up a second factor."""

_OLD_SIGN_IN = "You signed in more than ten minutes ago: send `current_password` too, or sign in again."
_NO_PASSWORD = "Your account has no password; choose one by a mailed link (POST /auth/password-reset) first."


class Proving:
    """Counted together with the tries at the door."""

    def __init__(
        self,
        accounts: Accounts,
        passwords: Passwords,
        tries: Tries,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._tries = tries
        self._clock = clock

    async def lately(self, caller: Caller, given: str | None, visit: Visit) -> None:
        """By the password, or by a session that began within RECENT. Whoever stole an older one could otherwise add a
        way in of theirs and lock the owner out. ApiError 409 where there is neither."""
        if given is not None:
            await self.password(caller, given, visit)
            return
        devices = await self._accounts.devices(caller.user_id)
        if not any(one.id == caller.credential_id and self._clock() - one.created_at < RECENT for one in devices):
            raise conflict("current_password", _OLD_SIGN_IN)

    async def password(self, caller: Caller, given: str, visit: Visit) -> User:
        """The account as it was when this was its password. ApiError 401 for a wrong one, 409 for an account that has
        none, 429 after too many."""
        found = await self._accounts.credential(caller.username)
        if found is None or found.user.id != caller.user_id:
            raise not_found("user_id", "There is no such user.")
        if not found.password_hash:
            raise conflict("current_password", _NO_PASSWORD)
        tried = await self._tries.counted(found.user, visit)
        try:
            right = await self._passwords.matches(found.password_hash, given)
        except ApiError:
            await self._tries.taken_back(tried)
            raise
        if not right:
            await self._tries.wrong(found.user, visit, "password")
            raise _refused("This is not your password.")
        await self._tries.right(tried)
        return found.user


def overtaken() -> ApiError:
    """401 for whoever showed what was right until it was changed a moment ago."""
    return _refused("Your account was changed meanwhile; sign in again.")


def _refused(sentence: str) -> ApiError:
    fault = Fault("current_password", sentence, "INVALID_CREDENTIALS")
    return ApiError(401, "INVALID_CREDENTIALS", sentence, [fault], {"WWW-Authenticate": 'Bearer realm="trawl"'})
