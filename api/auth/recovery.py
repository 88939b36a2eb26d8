"""New passwords: chosen by the owner, set by an administrator for a while, or reached by a mailed link."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from api.auth import mails, password_rules
from api.auth.attempts import CODES, MAILS, subject
from api.auth.callers import Caller
from api.auth.guard import Guard
from api.auth.passwords import Passwords
from api.auth.proving import Proving, overtaken
from api.auth.tokens import hash_of
from api.auth.touching import NO_SUCH_USER, untouched
from api.auth.visits import Visit
from api.config import GatewayConfig
from api.errors import ApiError, Fault, invalid, not_found
from api.ports import Accounts
from api.ports.users import Still, Users, anyhow
from schemas.accounts import Act, User
from schemas.mail import Mail

_NOT_ALIKE = "It is not the same as the new password."
_SHOWN_INSTEAD = "leave it out, and pass on the password that the answer shows."
_ASK_INSTEAD = "ask an administrator for a new password."
_SPENT = "This link was used before, or it is too old; ask for another."


class Recovery:
    """Each way ends the sessions that were opened with the old password; whoever cannot show that one ends all that led
    in besides."""

    def __init__(
        self,
        accounts: Accounts,
        users: Users,
        passwords: Passwords,
        proving: Proving,
        guard: Guard,
        config: GatewayConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts = accounts
        self._users = users
        self._passwords = passwords
        self._proving = proving
        self._guard = guard
        self._config = config
        self._clock = clock

    async def change(self, caller: Caller, current: str, new: str, confirmed: str, visit: Visit) -> None:
        """The owner's own. ApiError 401 for a wrong current password, 422 for a new one that is not taken."""
        _alike(new, confirmed)
        owner = await self._accounts.user(caller.user_id)
        if owner is None:
            raise not_found("user_id", NO_SUCH_USER)
        password_rules.check(new, owner.username, owner.email, field="new_password")
        user = await self._proving.password(caller, current, visit)
        changed = await self._users.set_password(
            user.id,
            await self._passwords.hash(new),
            visit.act(caller.user_id, "password_changed", user.id),
            keep=None if caller.via == "key" else caller.credential_id,
            mail=mails.password_changed(user, visit),
            version=user.credential_version,
        )
        if changed != "set":
            raise overtaken()

    async def set_for(
        self, user: User, actor: str, password: str | None, visit: Visit, *, by_mail: bool, still: Still = anyhow
    ) -> tuple[str, datetime]:
        """A temporary password that an administrator gives (or that is made here), and when it ends. ApiError 404, 409
        for an account that is not there by now, or not `still` so; 422 for a mail that would not arrive."""
        if by_mail and not self._config.mail:
            raise mails.nobody_sends("send_email", _SHOWN_INSTEAD)
        if password is not None:
            password_rules.check(password, user.username, user.email, field="temporary_password")
        chosen = password or secrets.token_urlsafe(15)
        ends = self._clock() + timedelta(seconds=self._config.temporary_lifetime)
        hours = self._config.temporary_lifetime // 3600
        mail = (
            mails.temporary_password(user, self._config.home_url, chosen, hours)
            if by_mail
            else mails.password_reset(user, visit)
        )
        if by_mail and mail is None:
            raise invalid("send_email", "This account has no e-mail address that mail could go to.")
        act = visit.act(actor, "password_reset", user.id, mailed=by_mail)
        hashed = await self._passwords.hash(chosen)
        done = await self._users.set_password(user.id, hashed, act, expires_at=ends, mail=mail, still=still)
        if done != "set":
            raise untouched(done)
        return chosen, ends

    async def ask(self, email: str, visit: Visit) -> None:
        """Mails a link to whoever has this address. Nothing, not even the time, tells whether somebody has. ApiError
        422 for everybody where no mail is sent."""
        if not self._config.mail:
            raise mails.nobody_sends("email", _ASK_INSTEAD)
        began = asyncio.get_running_loop().time()
        try:
            await self._guard.tried({subject("reset", visit.network): CODES})
            await self._post(email, visit)
        finally:
            left = self._config.quiet_answer - (asyncio.get_running_loop().time() - began)
            await asyncio.sleep(max(left, 0))

    async def _post(self, email: str, visit: Visit) -> None:
        found = await self._accounts.credential(email)
        if found is None or found.user.status != "active" or found.user.email != email.lower():
            await self._accounts.note(visit.act("anonymous", "password_reset_asked", known=False))
            return
        try:
            await self._guard.tried({subject("mails", found.user.id): MAILS})
        except ApiError as refusal:
            if refusal.status_code != 429:
                raise
            return  # it has had its mails; saying so would say that there is such an account
        token = secrets.token_urlsafe(32)
        lifetime = self._config.reset_lifetime
        await self._accounts.add_link(
            hash_of(token),
            found.user.id,
            self._clock() + timedelta(seconds=lifetime),
            visit.act("anonymous", "password_reset_asked", found.user.id, known=True),
            purpose="reset",
            mail=mails.reset_link(found.user, self._config.home_url, token, lifetime // 60),
            version=found.user.credential_version,
        )

    async def reset(self, token: str, new: str, confirmed: str, visit: Visit) -> User:
        """Spends a mailed link. ApiError 422 for a password that is not taken (the link stays good), 401 for a spent
        or made-up link. From this network the account can be signed in to from now on, whoever guesses elsewhere."""
        _alike(new, confirmed)
        password_rules.check(new, field="new_password")
        tries = subject("reset", visit.network)
        await self._guard.tried({tries: CODES})

        def told(user: User) -> tuple[Act, Mail | None]:
            password_rules.check(new, user.username, user.email, field="new_password")
            act = visit.act(user.id, "password_reset", user.id, how="link")
            return act, mails.password_reset(user, visit)

        hashed = await self._passwords.hash(new)
        user = await self._users.reset_password(hash_of(token), hashed, told, (visit.device, visit.network))
        if user is None:
            await self._accounts.note(visit.act("anonymous", "password_reset_refused", reason="link"))
            fault = Fault("token", _SPENT, "INVALID_CREDENTIALS")
            raise ApiError(401, "INVALID_CREDENTIALS", _SPENT, [fault], {"WWW-Authenticate": 'Bearer realm="trawl"'})
        await self._guard.passed(frozenset((tries,)))
        return user


def _alike(new: str, confirmed: str) -> None:
    if new != confirmed:
        raise invalid("confirm_password", _NOT_ALIKE, "NOT_ALIKE")
