"""Letting people in and out: by password, by refresh token, by one-time link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from api.auth import mails
from api.auth.callers import Caller
from api.auth.factors import SecondFactor
from api.auth.passwords import Passwords
from api.auth.rotating import Rotation
from api.auth.tokens import Tokens, hash_of
from api.auth.tries import Tries
from api.auth.visits import Visit
from api.config import GatewayConfig
from api.errors import ApiError, Fault, conflict, unauthenticated
from api.ports import Accounts
from schemas.accounts import Act, Credential, Session, User

_REFUSED = "The username or the password is wrong."
_CODE_NEEDED = "This account asks for a second factor: send its code, or a backup code, as `mfa_token`."


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What someone who was let in takes away. `cookie` is for a browser, the tokens for a program."""

    user: User
    access_token: str
    refresh_token: str
    cookie: str
    lifetime: int


class SignIn:
    """The ways in and out. Every one of them, and every refusal, leaves a line in the audit log."""

    def __init__(
        self,
        accounts: Accounts,
        passwords: Passwords,
        tokens: Tokens,
        tries: Tries,
        factor: SecondFactor,
        config: GatewayConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._tokens = tokens
        self._tries = tries
        self._factor = factor
        self._config = config
        self._clock = clock
        self._rotation = Rotation(accounts, config.rotation_grace)

    async def by_password(
        self,
        login: str,
        password: str,
        visit: Visit,
        *,
        lifetime: int,
        idle: int | None = None,
        code: str | None = None,
    ) -> SignedIn:
        """Opens a session of `lifetime` seconds, over when nobody uses it for `idle`. An unknown name, a wrong password
        and an account that is not active are refused with the same words after the same work, so that nobody learns
        who has an account here. `code` is that of a second factor. ApiError 401, or 429 after too many wrong tries."""
        found = await self._accounts.credential(login)
        tried = await self._tries.counted(found.user if found else None, visit, login)
        try:
            how = await self._shown(found, password, code, visit)
        except ApiError as refusal:
            if refusal.status_code == 503 or (refusal.details.get("mfa_required") and not code):
                # Nothing was guessed: the password was not looked at, or it was right.
                await self._tries.taken_back(tried)
            raise
        assert found is not None
        signed_in = await self.open(found.user, visit, how=how, lifetime=lifetime, idle=idle)
        if signed_in is None:
            raise _refused("password", _REFUSED, "INVALID_CREDENTIALS")
        await self._tries.right(tried)
        return signed_in

    async def _shown(self, found: Credential | None, password: str, code: str | None, visit: Visit) -> str:
        """How somebody has shown who they are; ApiError 401 if they have not."""
        right = await self._passwords.matches(found.password_hash if found else None, password)
        reason = self._reason(found, right)
        if found is None or reason:
            # The name is whatever someone typed, perhaps a password in the wrong field: it is not kept.
            await self._accounts.note(
                visit.act(found.user.id if found else "anonymous", "sign_in_refused", reason=reason)
            )
            raise _refused("password", _REFUSED, "INVALID_CREDENTIALS")
        if not found.user.mfa_enabled:
            return "password"
        way = await self._factor.passes(found.user, code, visit) if code else None
        if way is None:
            reason = "second_factor" if code else "second_factor_missing"
            await self._accounts.note(visit.act(found.user.id, "sign_in_refused", reason=reason))
            raise _refused(
                "mfa_token", "The code is wrong, or was used before." if code else _CODE_NEEDED,
                "MFA_INVALID" if code else "MFA_REQUIRED", mfa_required=True,
            )  # fmt: skip
        return f"password+{way}"

    def _reason(self, found: Credential | None, right: bool) -> str:
        """Why somebody is refused, for the audit log alone; empty for whoever is not."""
        if found is None:
            return "unknown"
        if not right:
            return "password"
        if found.user.status != "active":
            return found.user.status
        ends = found.user.password_expires
        return "password_expired" if ends is not None and ends <= self._clock() else ""

    async def open(
        self, user: User, visit: Visit, *, how: str, lifetime: int, idle: int | None = None
    ) -> SignedIn | None:
        """Opens a session of `lifetime` seconds for an account that has shown who it is, however it did: `how` is told
        in the audit log. `user` is the account as it was before that was looked at: None when its password, status or
        another way in has changed since."""
        session, signed_in = self._session(user, visit, lifetime, how, idle)
        act = visit.act(user.id, "signed_in", session.id, how=how)
        if await self._accounts.open_session(session, act, mails.new_device(user, visit)):
            return signed_in
        await self._accounts.note(visit.act(user.id, "sign_in_refused", reason="changed"))
        return None

    async def by_link(self, token: str, visit: Visit) -> SignedIn | None:
        """Opens a browser's session for whoever holds a one-time link; None when it is spent, old or made up."""
        made: list[SignedIn] = []

        def opened(user: User) -> tuple[Session, Act]:
            session, signed_in = self._session(user, visit, self._config.browser_lifetime, "link")
            made.append(signed_in)
            return session, visit.act(user.id, "signed_in", session.id, how="link")

        user = await self._accounts.use_link(hash_of(token), opened)
        if user is None:
            await self._accounts.note(visit.act("anonymous", "sign_in_refused", reason="link"))
            return None
        return made[-1]

    async def refresh(self, token: str, visit: Visit) -> tuple[str, str]:
        """New access and refresh tokens for the shown one, which is spent."""
        try:
            claims = await self._tokens.read("refresh", token)
        except ApiError:
            await self._accounts.note(visit.act("anonymous", "refresh_refused", reason="token"))
            raise
        replacement = self._tokens.issue(
            "refresh", claims.user_id, claims.session_id, claims.expires_at - self._clock().timestamp()
        )
        if not await self._rotation.turn(claims, token, replacement, visit, "token_refreshed"):
            raise unauthenticated("This refresh token is no longer valid; sign in again.")
        access = self._tokens.issue("access", claims.user_id, claims.session_id, self._config.access_lifetime)
        return access, replacement

    async def out(self, caller: Caller, visit: Visit, *, everywhere: bool = False) -> None:
        """Ends the caller's session, or all of them. ApiError 409 for a key, which is revoked and not signed out."""
        act = visit.act(caller.user_id, "signed_out", caller.credential_id, everywhere=everywhere)
        if everywhere:
            await self._accounts.end_sessions(caller.user_id, act)
        elif caller.via == "key":
            raise conflict("authorization", "An API key is not a session; revoke it to end it.")
        else:
            await self._accounts.end_session(caller.credential_id, act)

    def _session(
        self, user: User, visit: Visit, lifetime: int, how: str, idle: int | None = None
    ) -> tuple[Session, SignedIn]:
        session_id = str(uuid4())
        refresh = self._tokens.issue("refresh", user.id, session_id, lifetime)
        session = Session(
            id=session_id,
            user_id=user.id,
            refresh_hash=hash_of(refresh),
            expires_at=self._clock() + timedelta(seconds=lifetime),
            user_agent=visit.user_agent[:300],
            address=visit.address,
            idle_lifetime=idle or self._config.idle_lifetime,
            how=how,
            device=visit.device,
            network=visit.network,
            version=user.credential_version,
        )
        return session, SignedIn(
            user=user,
            access_token=self._tokens.issue("access", user.id, session_id, self._config.access_lifetime),
            refresh_token=refresh,
            cookie=self._tokens.issue("browser", user.id, session_id, lifetime),
            lifetime=lifetime,
        )


def _refused(field: str, message: str, code: str, **details: object) -> ApiError:
    fault = Fault(field, message, code)
    challenge = {"WWW-Authenticate": 'Bearer realm="trawl"'}
    return ApiError(401, "INVALID_CREDENTIALS", message, [fault], challenge, details)
