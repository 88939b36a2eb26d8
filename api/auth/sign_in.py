"""Letting people in and out: by password, by refresh token, by one-time link."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from api.auth.callers import Caller
from api.auth.passwords import Passwords
from api.auth.tokens import Tokens
from api.config import GatewayConfig
from api.errors import ApiError, Fault, conflict, unauthenticated
from api.ports import Accounts
from schemas.accounts import Act, Session, User

_REFUSED = "The username or the password is wrong."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where a request came from, for the session's row and the audit log."""

    request_id: str = ""
    address: str = ""
    user_agent: str = ""

    def act(self, actor: str, action: str, target: str = "", **details: object) -> Act:
        """What `actor` does in this request, as a line of the audit log."""
        return Act(
            actor=actor, action=action, object=target, request_id=self.request_id, address=self.address, details=details
        )


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
        config: GatewayConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._tokens = tokens
        self._config = config
        self._clock = clock

    async def by_password(self, login: str, password: str, visit: Visit, *, lifetime: int) -> SignedIn:
        """Opens a session of `lifetime` seconds. An unknown name, a wrong password and an account that is not active
        are refused with the same words after the same work, so that nobody learns who has an account here."""
        found = await self._accounts.credential(login)
        right = await self._passwords.matches(found.password_hash if found else None, password)
        if found is None or not right or found.user.status != "active":
            reason = "password" if found and not right else "unknown" if found is None else found.user.status
            # The name is whatever someone typed, perhaps a password in the wrong field: it is not kept.
            await self._accounts.note(
                visit.act(found.user.id if found else "anonymous", "sign_in_refused", reason=reason)
            )
            raise ApiError(
                401,
                "INVALID_CREDENTIALS",
                _REFUSED,
                [Fault("password", _REFUSED, "INVALID_CREDENTIALS")],
                {"WWW-Authenticate": 'Bearer realm="trawl"'},
            )
        session, signed_in = self._session(found.user, visit, lifetime)
        await self._accounts.open_session(session, visit.act(found.user.id, "signed_in", session.id, how="password"))
        return signed_in

    async def by_link(self, token: str, visit: Visit) -> SignedIn | None:
        """Opens a browser's session for whoever holds a one-time link; None when it is spent, old or made up."""
        made: list[SignedIn] = []

        def opened(user: User) -> tuple[Session, Act]:
            session, signed_in = self._session(user, visit, self._config.browser_lifetime)
            made.append(signed_in)
            return session, visit.act(user.id, "signed_in", session.id, how="link")

        user = await self._accounts.use_link(_hash(token), opened)
        if user is None:
            await self._accounts.note(visit.act("anonymous", "sign_in_refused", reason="link"))
            return None
        return made[-1]

    async def link_for(self, user: User, visit: Visit) -> str:
        """The token of a link that lets `user` in once, soon."""
        token = secrets.token_urlsafe(32)
        ends = self._clock() + timedelta(seconds=self._config.link_lifetime)
        await self._accounts.add_link(_hash(token), user.id, ends, visit.act("system", "sign_in_link_made", user.id))
        return token

    async def refresh(self, token: str, visit: Visit) -> tuple[str, str]:
        """New access and refresh tokens for the shown one, which is spent. One that was spent before ends its session,
        for somebody else has it too; within a short grace it is a lost race and merely refused."""
        try:
            claims = self._tokens.read("refresh", token)
        except ApiError:
            await self._accounts.note(visit.act("anonymous", "refresh_refused", reason="token"))
            raise
        replacement = self._tokens.issue(
            "refresh", claims.user_id, claims.session_id, claims.expires_at - self._clock().timestamp()
        )
        answer = await self._accounts.rotate(
            claims.session_id,
            _hash(token),
            _hash(replacement),
            self._config.rotation_grace,
            visit.act(claims.user_id, "token_refreshed", claims.session_id),
            visit.act(claims.user_id, "refresh_token_reused", claims.session_id),
        )
        if answer in ("raced", "ended"):  # of a reused one the store has written down more than that
            await self._accounts.note(visit.act(claims.user_id, "refresh_refused", claims.session_id, reason=answer))
        if answer != "rotated":
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

    def _session(self, user: User, visit: Visit, lifetime: int) -> tuple[Session, SignedIn]:
        session_id = str(uuid4())
        refresh = self._tokens.issue("refresh", user.id, session_id, lifetime)
        session = Session(
            id=session_id,
            user_id=user.id,
            refresh_hash=_hash(refresh),
            expires_at=self._clock() + timedelta(seconds=lifetime),
            user_agent=visit.user_agent[:300],
            address=visit.address,
        )
        return session, SignedIn(
            user=user,
            access_token=self._tokens.issue("access", user.id, session_id, self._config.access_lifetime),
            refresh_token=refresh,
            cookie=self._tokens.issue("browser", user.id, session_id, lifetime),
            lifetime=lifetime,
        )


def _hash(token: str) -> bytes:
    # Tokens are 256 random or signed bits: a plain hash is enough, there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
