"""Signed tokens: EdDSA (RFC 8037) JWTs, checked as RFC 8725 asks.

Each kind has its own `typ` and its own audience, so that none passes for another: an access token is never a refresh
token, and a browser's cookie is never a bearer token. The algorithm is ours to choose and never the token's; a
token that points to keys elsewhere (jku, jwk, x5u, crit) is refused without looking there.
"""

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.errors import unauthenticated

TokenKind = Literal["access", "refresh", "browser"]

_TYPES: dict[TokenKind, str] = {"access": "at+jwt", "refresh": "rt+jwt", "browser": "browser+jwt"}
_HEADERS = {"alg", "typ", "kid"}
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "sid", "jti"]
_MAX_LENGTH = 4096
_REMEMBERED = 4096
_NOT_VALID = "The token is not valid; sign in again."


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says once it is believed: the account, the session, and when it ends (epoch seconds)."""

    user_id: str
    session_id: str
    expires_at: float


class Tokens:
    """Issues and reads tokens with one key, derived from the seed that the data folder keeps."""

    def __init__(self, seed: str, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        # The seed is a random string of any length; the label keeps this key apart from others made of it.
        material = hashlib.sha256(b"trawl token signing v1\n" + seed.encode()).digest()
        self._private = Ed25519PrivateKey.from_private_bytes(material)
        self._public = self._private.public_key()
        raw = self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        # A signature that was right once is right for ever: checking it again would be most of a small request's cost.
        self._believed: OrderedDict[tuple[TokenKind, str], Claims] = OrderedDict()
        # RFC 7638: the thumbprint of the public key names it.
        thumb = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{self._x}"}}'.encode()).digest()
        self.kid = base64.urlsafe_b64encode(thumb).rstrip(b"=").decode()

    def jwks(self) -> dict[str, Any]:
        """The public keys that signatures are checked with (RFC 7517)."""
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": self._x, "kid": self.kid, "use": "sig", "alg": "EdDSA"}]}

    def issue(self, kind: TokenKind, user_id: str, session_id: str, lifetime: float) -> str:
        """A token of this kind for a session; every one is different."""
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "aud": self._aud(kind),
            "sub": user_id,
            "sid": session_id,
            "iat": now,
            "exp": now + int(lifetime),
            "jti": uuid4().hex,
        }
        return jwt.encode(claims, self._private, "EdDSA", {"typ": _TYPES[kind], "kid": self.kid})

    def read(self, kind: TokenKind, token: str) -> Claims:
        """What the token says. ApiError 401 for one that is not of this kind, was not signed here, or has expired."""
        claims = self._believed.get((kind, token))
        if claims is None:
            claims = self._checked(kind, token)
            self._believed[kind, token] = claims
            if len(self._believed) > _REMEMBERED:
                self._believed.popitem(last=False)
        if claims.expires_at <= self._clock():
            raise unauthenticated("The token has expired; refresh it or sign in again.", "TOKEN_EXPIRED")
        return claims

    def _checked(self, kind: TokenKind, token: str) -> Claims:
        if len(token) > _MAX_LENGTH or not token.isascii():
            raise unauthenticated(_NOT_VALID)
        try:
            header = jwt.get_unverified_header(token)
            if header.get("kid") != self.kid or header.get("typ") != _TYPES[kind] or header.keys() != _HEADERS:
                raise jwt.InvalidTokenError("not a token of this kind and key")
            claims = jwt.decode(
                token,
                self._public,
                ["EdDSA"],
                issuer=self._issuer,
                audience=self._aud(kind),
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
            return Claims(str(claims["sub"]), str(claims["sid"]), float(claims["exp"]))
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise unauthenticated(_NOT_VALID) from None

    def _aud(self, kind: TokenKind) -> str:
        return self._audience if kind == "access" else f"{self._audience}/{kind}"
