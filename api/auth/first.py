"""The first way in: the administrator that a new installation is given, and the link that `trawl demo` prints."""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from api.auth.passwords import Passwords
from api.auth.tokens import hash_of
from api.auth.visits import Visit
from api.ports import Accounts
from schemas.accounts import Act, User

ADMINISTRATOR = "admin"


async def ensure_administrator(accounts: Accounts, passwords: Passwords) -> str | None:
    """Creates the account `admin` where it does not exist, and returns its generated password: the only time it can be
    read. None where it exists already."""
    if await accounts.credential(ADMINISTRATOR):
        return None
    password = secrets.token_urlsafe(18)
    user = User(
        id=str(uuid4()), username=ADMINISTRATOR, email=None, role="admin", status="active", created_at=datetime.now(UTC)
    )
    act = Act(actor="system", action="user_created", object=user.id, details={"role": "admin", "first": True})
    return password if await accounts.add_user(user, await passwords.hash(password), act) else None


async def one_time_link(accounts: Accounts, lifetime: float, username: str) -> str | None:
    """The token of a link that signs `username` in once within `lifetime` seconds; None when there is no such active
    account."""
    found = await accounts.credential(username)
    if found is None or found.user.status != "active":
        return None
    token, ends = secrets.token_urlsafe(32), datetime.now(UTC) + timedelta(seconds=lifetime)
    act = Visit().act("system", "sign_in_link_made", found.user.id)
    version = found.user.credential_version
    return token if await accounts.add_link(hash_of(token), found.user.id, ends, act, version=version) else None
