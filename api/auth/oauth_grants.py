"""What people and administrators let OAuth2 clients do: codes, and the tokens that they are exchanged for.

A grant is a session: it ends with signing out everywhere, with its account, and when a spent code or refresh token
comes back. What a token may do is what was consented to, within what the account may do now.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from api.auth import mails, oauth
from api.auth.callers import Caller
from api.auth.oauth import OAuthError
from api.auth.rotating import Rotation
from api.auth.tokens import Claims, TokenKind, Tokens, hash_of
from api.auth.visits import Visit
from api.config import GatewayConfig
from api.errors import ApiError
from api.ports import Accounts
from api.ports.oauth import OAuthStore
from schemas.accounts import Act, Session, User
from schemas.oauth import Consent, OAuthClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a client takes away."""

    access_token: str
    refresh_token: str | None
    scopes: tuple[str, ...]
    lifetime: int


class Grants:
    """Gives, refreshes, ends and describes what clients hold."""

    def __init__(
        self,
        store: OAuthStore,
        accounts: Accounts,
        tokens: Tokens,
        config: GatewayConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._tokens = tokens
        self._config = config
        self._clock = clock
        self._rotation = Rotation(accounts, config.rotation_grace)

    async def consent(
        self,
        caller: Caller,
        client: OAuthClient,
        redirect_uri: str,
        scopes: tuple[str, ...],
        challenge: str,
        visit: Visit,
    ) -> str | None:
        """The code that the browser carries to the client; `scopes` are those that the caller saw and has. None for a
        session that has just ended."""
        code = secrets.token_urlsafe(32)
        consent = Consent(
            client_id=client.id,
            user_id=caller.user_id,
            redirect_uri=redirect_uri,
            scopes=scopes,
            challenge=challenge,
            expires_at=self._clock() + timedelta(seconds=oauth.CODE_LIFETIME_S),
        )
        act = visit.act(caller.user_id, "oauth_consented", client.id, scopes=list(scopes))
        return code if await self._store.add_code(hash_of(code), consent, act, by=caller.credential_id) else None

    async def redeem(self, client: OAuthClient, code: str, redirect_uri: str, verifier: str, visit: Visit) -> Granted:
        """Tokens for a code: once, within a minute, for the client, address and verifier that it was made for."""
        made: list[Granted] = []

        def opened(user: User, consent: Consent) -> tuple[Session, Act]:
            session_id, lifetime = str(uuid4()), self._config.remembered_lifetime
            refresh = self._issue("grant", user.id, session_id, lifetime, consent.scopes, client)
            access = self._issue("access", user.id, session_id, self._config.access_lifetime, consent.scopes, client)
            made.append(Granted(access_token=access, refresh_token=refresh, scopes=consent.scopes,
                                lifetime=self._config.access_lifetime))  # fmt: skip
            session = self._session(session_id, user, hash_of(refresh), lifetime, client, visit)
            return session, visit.act(user.id, "oauth_code_redeemed", session_id, client=client.id)

        answer = await self._store.redeem(
            hash_of(code),
            client.id,
            redirect_uri,
            oauth.challenge_of(verifier) or "",
            opened,
            visit.act(f"client {client.id}", "oauth_code_refused"),
            lambda user: mails.reused_code(user, visit, client.name),
        )
        if answer != "redeemed":
            raise OAuthError("invalid_grant", "This code was used before, is too old, or was made for something else.")
        return made[-1]

    async def refresh(self, client: OAuthClient, token: str, scope: str, visit: Visit) -> Granted:
        """New tokens for the refresh token that the client was given last. One that was spent before ends the grant."""
        claims = await self._claims("grant", token)
        if claims is None or claims.client_id != client.id:
            raise OAuthError("invalid_grant", "This refresh token is not valid, or another client's.")
        held = oauth.shared(claims.scopes or (), client.scopes)
        scopes = oauth.known_scopes(scope) if scope else held
        if not scopes or set(scopes) - set(held):
            raise OAuthError("invalid_scope", "A refreshed token may do what was consented to, and nothing more.")
        left = claims.expires_at - self._clock().timestamp()
        replacement = self._issue("grant", claims.user_id, claims.session_id, left, claims.scopes or (), client)
        if not await self._rotation.turn(claims, token, replacement, visit, "oauth_token_refreshed", client.name):
            raise OAuthError("invalid_grant", "This refresh token is no longer valid; ask for consent again.")
        lifetime = self._config.access_lifetime
        access = self._issue("access", claims.user_id, claims.session_id, lifetime, scopes, client)
        return Granted(access_token=access, refresh_token=replacement, scopes=scopes, lifetime=lifetime)

    async def serve(self, client: OAuthClient, scope: str, visit: Visit) -> Granted:
        """A token for the client itself, as its service account."""
        user = await self._accounts.user(client.service_user) if client.service_user else None
        if client.secret_hash is None or user is None or user.status != "active":
            raise OAuthError("unauthorized_client", "This client has no account of its own, or it is not active.")
        asked = oauth.known_scopes(scope) if scope else client.scopes
        if set(asked) - set(client.scopes):
            raise OAuthError("invalid_scope", "This client is not registered for that scope.")
        scopes, lifetime = oauth.shared(asked, user.permissions), self._config.access_lifetime
        if not scopes:
            raise OAuthError("invalid_scope", "The client's account may do nothing of that.")
        session = self._session(str(uuid4()), user, secrets.token_bytes(32), lifetime, client, visit)
        act = visit.act(user.id, "oauth_token_given", client.id, scopes=list(scopes))
        session_id = await self._store.serve(client.id, session, act)
        if session_id is None:
            raise OAuthError("unauthorized_client", "This client's account is not active.")
        access = self._issue("access", user.id, session_id, lifetime, scopes, client)
        return Granted(access_token=access, refresh_token=None, scopes=scopes, lifetime=lifetime)

    async def revoke(self, client: OAuthClient, token: str, visit: Visit) -> None:
        """Ends the grant that a token is of (RFC 7009); a token that is of none is ended already."""
        for kind in ("grant", "access"):
            claims = await self._claims(kind, token)
            if claims is None:
                continue
            if claims.client_id != client.id:
                raise OAuthError("unauthorized_client", "This token was given to another client.")
            act = visit.act(claims.user_id, "oauth_grant_revoked", claims.session_id, client=client.id)
            await self._accounts.end_session(claims.session_id, act)

    async def describe(self, client: OAuthClient, token: str) -> dict[str, Any]:
        """What a token says and whether it still counts (RFC 7662); of tokens that are not its own only a resource
        server is told."""
        for kind in ("access", "grant"):
            claims = await self._claims(kind, token)
            if claims is None or not (claims.client_id == client.id or (client.resource_server and kind == "access")):
                continue
            session = await self._accounts.live_session(claims.session_id)
            if session is None or session.user.id != claims.user_id:
                continue
            held = session.user.permissions
            scopes = held if claims.scopes is None else oauth.shared(claims.scopes, held)
            return {
                "active": True,
                "scope": " ".join(scopes),
                "client_id": claims.client_id,
                "username": session.user.username,
                "token_type": "Bearer" if kind == "access" else None,
                "exp": int(claims.expires_at),
                "iat": int(claims.issued_at),
                "sub": claims.user_id,
                "aud": self._config.audience,
                "iss": self._config.issuer,
            }
        return {"active": False}

    async def _claims(self, kind: TokenKind, token: str) -> Claims | None:
        try:
            return await self._tokens.read(kind, token)
        except ApiError as refusal:
            if refusal.status_code != 401:
                raise
            return None

    def _issue(
        self,
        kind: TokenKind,
        user_id: str,
        session_id: str,
        lifetime: float,
        scopes: tuple[str, ...],
        client: OAuthClient,
    ) -> str:
        return self._tokens.issue(kind, user_id, session_id, lifetime, scopes=scopes, client_id=client.id)

    def _session(
        self, session_id: str, user: User, refresh_hash: bytes, lifetime: int, client: OAuthClient, visit: Visit
    ) -> Session:
        return Session(
            id=session_id,
            user_id=user.id,
            refresh_hash=refresh_hash,
            expires_at=self._clock() + timedelta(seconds=lifetime),
            user_agent=client.name[:300],
            address=visit.address,
            idle_lifetime=lifetime,
            how="oauth",
            version=user.credential_version,
        )
