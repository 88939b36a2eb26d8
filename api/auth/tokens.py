"""Signed tokens: EdDSA (RFC 8037) JWTs, checked as RFC 8725 asks.

Each kind has its own `typ` and its own audience, so that none passes for another: an access token is never a refresh
token, and a browser's cookie is never a bearer token. The algorithm is ours to choose and never the token's; a
token that points to keys elsewhere (jku, jwk, x5u, crit) is refused without looking there.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import jwt

from api.auth.signing import KeyRing, Known
from api.errors import unauthenticated

TokenKind = Literal["access", "refresh", "browser", "grant", "visit"]
"""`grant` refreshes what an OAuth client was given; `visit` remembers a browser on its way to an outside provider."""

_TYPES: dict[TokenKind, str] = {
    "access": "at+jwt",
    "refresh": "rt+jwt",
    "browser": "browser+jwt",
    "grant": "grant+jwt",
    "visit": "visit+jwt",
}
_HEADERS = {"alg", "typ", "kid"}
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "sid", "jti"]
_MAX_LENGTH = 4096
_REMEMBERED = 4096
_NOT_VALID = "The token is not valid; sign in again."


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says once it is believed: the account, the session, and when it ends (epoch seconds). `scopes` are
    what an OAuth client was given of the account's permissions, None where nothing was held back; `note` is whatever
    else the token was made to carry."""

    user_id: str
    session_id: str
    expires_at: float
    scopes: tuple[str, ...] | None = None
    client_id: str | None = None
    issued_at: float = 0.0
    note: str = ""


class Tokens:
    """Issues and reads tokens with the keys of a ring."""

    def __init__(self, ring: KeyRing, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        self.ring = ring
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        # A signature that was right once is right for ever: checking it again would be most of a small request's cost.
        self._believed: OrderedDict[tuple[TokenKind, str], tuple[str, Claims]] = OrderedDict()

    def jwks(self) -> dict[str, Any]:
        """The public keys that signatures are checked with (RFC 7517)."""
        return self.ring.jwks()

    def issue(
        self,
        kind: TokenKind,
        user_id: str,
        session_id: str,
        lifetime: float,
        *,
        scopes: tuple[str, ...] | None = None,
        client_id: str | None = None,
        note: str = "",
    ) -> str:
        """A token of this kind for a session; every one is different. `scopes` and `client_id` are RFC 9068's."""
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._aud(kind),
            "sub": user_id,
            "sid": session_id,
            "iat": now,
            "exp": now + int(lifetime),
            "jti": uuid4().hex,
        }
        if scopes is not None:
            claims["scope"] = " ".join(scopes)
        if client_id is not None:
            claims["client_id"] = client_id
        if note:
            claims["note"] = note
        key = self.ring.signing()
        return jwt.encode(claims, key.private, "EdDSA", {"typ": _TYPES[kind], "kid": key.kid})

    async def read(self, kind: TokenKind, token: str) -> Claims:
        """What the token says. ApiError 401 for one that is not of this kind, was not signed here, or has expired. A
        key that another replica has just begun to sign with is learnt first."""
        if (kind, token) not in self._believed:
            await self.ring.met(_kid(token))
        return self.believed(kind, token)

    def believed(self, kind: TokenKind, token: str) -> Claims:
        """The same with the keys that are known now."""
        kid, claims = self._believed.get((kind, token), ("", None))
        if claims is None or self.ring.get(kid) is None:
            kid, claims = self._checked(kind, token)
            self._believed[kind, token] = kid, claims
            if len(self._believed) > _REMEMBERED:
                self._believed.popitem(last=False)
        if claims.expires_at <= self._clock():
            raise unauthenticated("The token has expired; refresh it or sign in again.", "TOKEN_EXPIRED")
        return claims

    def _checked(self, kind: TokenKind, token: str) -> tuple[str, Claims]:
        if len(token) > _MAX_LENGTH or not token.isascii():
            raise unauthenticated(_NOT_VALID)
        try:
            header = jwt.get_unverified_header(token)
            known = self.ring.get(header.get("kid"))
            if known is None or header.get("typ") != _TYPES[kind] or header.keys() != _HEADERS:
                raise jwt.InvalidTokenError("not a token of this kind and of a known key")
            return known.kid, self._claims(kind, token, known)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise unauthenticated(_NOT_VALID) from None

    def _claims(self, kind: TokenKind, token: str, known: Known) -> Claims:
        said = jwt.decode(
            token,
            known.public,
            ["EdDSA"],
            issuer=self._issuer,
            audience=self._aud(kind),
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
        )
        if float(said["iat"]) > known.signed_by:
            raise jwt.InvalidTokenError("signed after its key was retired")
        scope, client = said.get("scope"), said.get("client_id")
        return Claims(
            user_id=str(said["sub"]),
            session_id=str(said["sid"]),
            expires_at=float(said["exp"]),
            scopes=None if scope is None else tuple(str(scope).split()),
            client_id=None if client is None else str(client),
            issued_at=float(said["iat"]),
            note=str(said.get("note", "")),
        )

    def _aud(self, kind: TokenKind) -> str:
        return self._audience if kind == "access" else f"{self._audience}/{kind}"


def _kid(token: str) -> object:
    try:
        return jwt.get_unverified_header(token).get("kid") if len(token) <= _MAX_LENGTH and token.isascii() else None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None


def hash_of(token: str) -> bytes:
    """What is kept of a token, a code or a link."""
    # They are 256 random or signed bits: a plain hash is enough, there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
