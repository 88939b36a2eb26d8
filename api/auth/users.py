"""Accounts as administrators make and change them, and as people change their own, and make them where that is
allowed.

Nobody gives what they do not have themselves, and nobody touches an account that may do more than they may: else
whoever may manage users could make themselves anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from api.auth import mails, password_rules
from api.auth.attempts import all_of
from api.auth.callers import Caller
from api.auth.passwords import Passwords
from api.auth.permissions import ROLES, Permission, permissions_of
from api.auth.proving import Proving
from api.auth.scoping import whole_needed
from api.auth.touching import NO_SUCH_USER, may_have, still_touchable, untouched
from api.auth.visits import Visit
from api.config import GatewayConfig
from api.errors import ApiError, conflict, forbidden, invalid, not_found
from api.ports import Accounts
from api.ports.users import Attempts, SortBy, Still, Users, anyhow
from schemas.accounts import Act, Activity, User, UserChange
from schemas.mail import Mail

_TAKEN = "The username or the e-mail address is taken."
_OWN_ADDRESS = (
    "This is your own account: send `current_password` too, from a sign-in of your own, to change its e-mail address."
)
_TELL_INSTEAD = "leave it out, and tell its owner yourself."
_LAST = "This is the last active administrator; make another one first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An account to be made."""

    username: str
    email: str | None
    password: str
    first_name: str = ""
    last_name: str = ""
    role: str = "viewer"
    permissions: tuple[str, ...] = ()


class UserService:
    """What the routes and the command line do to accounts."""

    def __init__(
        self,
        accounts: Accounts,
        users: Users,
        attempts: Attempts,
        passwords: Passwords,
        proving: Proving,
        config: GatewayConfig,
    ) -> None:
        self._accounts = accounts
        self._users = users
        self._attempts = attempts
        self._passwords = passwords
        self._proving = proving
        self._config = config

    async def page(
        self, role: str | None, status: str | None, sort_by: SortBy, descending: bool, page: int, per_page: int
    ) -> tuple[list[User], int]:
        """Accounts, and how many there are."""
        return await self._users.page(
            role=role, status=status, sort_by=sort_by, descending=descending, offset=(page - 1) * per_page,
            limit=per_page,
        )  # fmt: skip

    async def get(self, text: str) -> User:
        """By an id with or without the prefix `user_`. ApiError 404."""
        try:
            user = await self._accounts.user(str(UUID(text.removeprefix("user_"))))
        except ValueError:
            user = None
        if user is None:
            raise not_found("user_id", NO_SUCH_USER)
        return user

    async def visible(self, caller: Caller, text: str) -> User:
        """One's own, or anybody's for whoever manages users; a foreign one looks as if it were not there."""
        user = await self.get(text)
        if user.id != caller.user_id and Permission.USERS not in caller.permissions:
            raise not_found("user_id", NO_SUCH_USER)
        return user

    async def activity(self, user: User) -> Activity:
        """What an account has done."""
        return await self._users.activity(user.id)

    async def create(self, caller: Caller, wanted: Wanted, visit: Visit, *, welcome: bool) -> User:
        """By an administrator. ApiError 409 for a name or address that is taken, 422 for mail that would not arrive."""
        _may_give(caller, wanted.role, wanted.permissions)
        if welcome and not self._config.mail:
            raise mails.nobody_sends("send_welcome_email", _TELL_INSTEAD)
        user = _made(wanted)
        mail = mails.welcome(user, self._config.home_url) if welcome else None
        if welcome and mail is None:
            raise invalid("send_welcome_email", "Give an `email` that the mail can go to.")
        act = visit.act(caller.user_id, "user_created", user.id, role=user.role, granted=list(user.granted))
        return await self._add(user, wanted.password, act, mail)

    async def register(self, wanted: Wanted, visit: Visit) -> User:
        """By whoever comes, where that is allowed. ApiError 403 where it is not, 422 for a role not to be chosen."""
        if not self._config.registration:
            sentence = "Nobody can register here; ask an administrator for an account."
            raise ApiError(403, "INSUFFICIENT_PERMISSIONS", sentence)
        if wanted.role not in self._config.registration_roles:
            allowed = ", ".join(self._config.registration_roles)
            raise invalid("role", f"Whoever registers can be: {allowed}.", "NOT_ALLOWED")
        user = _made(wanted)
        act = visit.act(user.id, "user_registered", user.id, role=user.role)
        return await self._add(user, wanted.password, act, mails.welcome(user, self._config.home_url))

    async def _add(self, user: User, password: str, act: Act, mail: Mail | None) -> User:
        password_rules.check(password, user.username, user.email)
        if not await self._accounts.add_user(user, await self._passwords.hash(password), act, mail):
            raise conflict("username", _TAKEN)
        return await self.get(user.id)

    async def change(
        self, caller: Caller, text: str, change: UserChange, visit: Visit, current_password: str | None = None
    ) -> User:
        """What is given is changed; one's own address with the password alone. ApiError 404, 403, 409; 401 and 429 for
        a password that is not the caller's."""
        user = await self._changeable(caller, text, change)
        moved = change.email is not None and change.email != user.email
        if moved and user.id == caller.user_id:
            user = await self._proved(caller, current_password, visit)
        role = change.role or user.role
        granted = None if change.granted is None else _beyond(role, change.granted)
        _may_give(caller, role, granted or ())
        change = UserChange(
            first_name=change.first_name, last_name=change.last_name, email=change.email, role=change.role,
            status=change.status, granted=granted,
        )  # fmt: skip
        names = [name for name in UserChange.__dataclass_fields__ if getattr(change, name) is not None]
        said = {name: getattr(change, name) for name in ("role", "status", "granted") if name in names}
        act = visit.act(caller.user_id, "user_changed", user.id, fields=names, **said)
        mail = mails.address_changed(user, visit) if moved else None
        match await self._users.change(user.id, change, act, mail, still_touchable(caller, user)):
            case "gone" | "overtaken" as why:
                raise untouched(why)
            case "taken":
                raise conflict("email", "This e-mail address is taken.")
            case "last_administrator":
                raise conflict("role" if change.role else "status", _LAST)
            case "changed":
                return await self.get(user.id)

    async def _changeable(self, caller: Caller, text: str, change: UserChange) -> User:
        """For whoever manages users any account that they may touch. For everybody else their own, but for what it may
        do, and with no key or token that was given only some rights."""
        if Permission.USERS in caller.permissions:
            return await self.touchable(caller, text)
        own = await self.visible(caller, text)
        if caller.scopes is not None:
            raise whole_needed()
        if any(given is not None for given in (change.role, change.status, change.granted)):
            raise forbidden(Permission.USERS, caller.permissions)
        return own

    async def remove(self, caller: Caller, text: str, visit: Visit) -> None:
        """For ever. ApiError 404, 403, 409."""
        user = await self.touchable(caller, text)
        act = visit.act(caller.user_id, "user_removed", user.id, role=user.role)
        match await self._users.remove(user.id, act, still_touchable(caller, user)):
            case "gone" | "overtaken" as why:
                raise untouched(why)
            case "last_administrator":
                raise conflict("user_id", _LAST)
            case "removed":
                return

    async def _proved(self, caller: Caller, password: str | None, visit: Visit) -> User:
        """The caller's own account. A link to a new password goes where its mail goes, so that a session or key which
        was stolen must not move that."""
        if password is None or not caller.personal:
            raise conflict("email", _OWN_ADDRESS)
        return await self._proving.password(caller, password, visit)

    async def unlock(self, user: User, actor: str, visit: Visit, still: Still = anyhow) -> None:
        """Forgets wrong tries for an account, and makes a locked one active. ApiError 404, 409 for one that is not
        there by now, or not `still` so, or was disabled meanwhile."""
        act = visit.act(actor, "user_unlocked", user.id)
        cleared = await self._attempts.clear(user.id, all_of(user.id), act, still)
        if cleared != "cleared":
            raise untouched(cleared)
        if user.status == "locked":
            await self._activate(user, actor, visit, still)

    async def _activate(self, user: User, actor: str, visit: Visit, still: Still) -> None:
        act = visit.act(actor, "user_changed", user.id, fields=["status"], status="active")

        def locked(now: User) -> bool:
            return now.status == "locked" and still(now)

        match await self._users.change(user.id, UserChange(status="active"), act, still=locked):
            case "gone" | "overtaken" as why:
                raise untouched(why)

    async def touchable(self, caller: Caller, text: str) -> User:
        """One that the caller may change: 404 when it is not there, 403 when it may do more than the caller."""
        user = await self.get(text)
        may_have(caller, user.permissions)
        return user


def _made(wanted: Wanted) -> User:
    return User(
        id=str(uuid4()),
        username=wanted.username,
        email=wanted.email,
        role=wanted.role,
        status="active",
        created_at=datetime.now(UTC),
        first_name=wanted.first_name,
        last_name=wanted.last_name,
        granted=_beyond(wanted.role, wanted.permissions),
    )


def _beyond(role: str, permissions: Iterable[str]) -> tuple[str, ...]:
    """What the role does not give anyway: the rest would be left over when the role is lowered."""
    held = set(permissions_of(role))
    return tuple(sorted({permission for permission in permissions if permission not in held}))


def _may_give(caller: Caller, role: str, permissions: Iterable[str]) -> None:
    if Permission.ADMIN in permissions and role != "admin":
        raise invalid("permissions", "Seeing everything is the role admin; it is not granted.", "NOT_ALLOWED")
    if role not in ROLES:
        raise invalid("role", f"There are the roles {', '.join(ROLES)}.", "NOT_ALLOWED")
    may_have(caller, (*permissions_of(role), *permissions))
