"""Whether somebody may touch an account: nobody touches one that may do more than they may.

It is asked twice: when the account is found, and once more when the store holds it, for it may have been promoted or
removed in between.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from api.auth.callers import Caller
from api.errors import ApiError, conflict, forbidden, not_found
from schemas.accounts import User

NO_SUCH_USER = "There is no such user."
_OVERTAKEN = "The account was changed meanwhile; look at it again."


def may_have(caller: Caller, permissions: Iterable[str]) -> None:
    """ApiError 403 that names everything which the caller has not."""
    missing = [permission for permission in dict.fromkeys(permissions) if permission not in caller.permissions]
    if missing:
        raise forbidden(missing[0], caller.permissions, *missing[1:])


def still_touchable(caller: Caller, seen: User) -> Callable[[User], bool]:
    """Whether an account may do no more than the caller also when it is held, and is let in by what it was."""

    def still(now: User) -> bool:
        own = now.id != caller.user_id or now.credential_version == seen.credential_version
        return own and set(now.permissions) <= set(caller.permissions)

    return still


def untouched(why: Literal["gone", "overtaken"]) -> ApiError:
    """404 for an account that is not there by now, 409 for one that has become another meanwhile."""
    return not_found("user_id", NO_SUCH_USER) if why == "gone" else conflict("user_id", _OVERTAKEN)
