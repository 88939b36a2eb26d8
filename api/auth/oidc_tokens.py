"""Whether an ID token of the outside provider is to be believed (OpenID Connect Core, 3.1.3.7; RFC 8725): pure."""

import hmac
from collections.abc import Mapping
from typing import Any, TypeGuard

import jwt

from schemas.oidc import Identity

LEEWAY_S = 60
_MAX_AGE_S = 600
_MAX_LENGTH = 16_384
_ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""What each kind of key signs with. A shared secret (HS256) and no signature at all are never among them."""


class NotBelieved(Exception):
    """The token is not to be believed; the text says why, for the log."""


class UnknownKey(NotBelieved):
    """None of the keys that are known; the provider may have a new one."""


def key_for(token: str, jwks: Mapping[str, Any]) -> tuple[jwt.PyJWK, str]:
    """The provider's key that the token names, and the algorithm that this key is for. Where the token says that its
    key is (jku, jwk, x5u) is never looked at."""
    if len(token) > _MAX_LENGTH:
        raise NotBelieved("too long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as problem:
        raise NotBelieved("not a token") from problem
    if "crit" in header or "b64" in header:
        raise NotBelieved("a header that must be understood")
    kid, named = header.get("kid"), header.get("alg")
    signing = [key for key in jwks.get("keys", ()) if isinstance(key, dict) and key.get("use", "sig") == "sig"]
    found = [key for key in signing if key.get("kid") == kid] if kid is not None else signing
    if len(found) != 1:
        raise UnknownKey(f"{len(found)} keys fit")
    key = found[0]
    if named not in _ALGORITHMS.get(str(key.get("kty")), ()) or key.get("alg", named) != named:
        raise NotBelieved("an algorithm that its key is not for")
    try:
        return jwt.PyJWK(key, named), str(named)
    except Exception as problem:  # a provider's document says anything, and the libraries that read it raise anything
        raise NotBelieved("a key that cannot be read") from problem


def identity_of(
    token: str, key: jwt.PyJWK, algorithm: str, issuer: str, client_id: str, nonce: str, now: float
) -> Identity:
    """Who the token says has signed in. NotBelieved unless it was made there, for us, now, and for this very visit."""
    try:
        said = jwt.decode(
            token,
            key.key,
            [algorithm],
            issuer=issuer,
            audience=client_id,
            options={
                "require": ["iss", "sub", "aud", "exp", "iat", "nonce"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        issued, ends = float(said["iat"]), float(said["exp"])
        begins = float(said.get("nbf", issued))
    except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as problem:
        raise NotBelieved(type(problem).__name__) from problem
    # Said as what must be, since whatever is compared with JSON's NaN is not so.
    latest = now + LEEWAY_S
    if not (ends > now - LEEWAY_S and begins <= latest and now - _MAX_AGE_S <= issued <= latest):
        raise NotBelieved("not of now")
    audience, party = said["aud"], said.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, client_id):
        raise NotBelieved("made for another party")
    if not _is_text(said["nonce"]) or not hmac.compare_digest(said["nonce"].encode(), nonce.encode()):
        raise NotBelieved("made for another visit")
    subject = said["sub"]
    if not _is_text(subject) or not 0 < len(subject) <= 255:
        raise NotBelieved("no subject")
    return Identity(issuer=issuer, subject=subject, username=_text(said.get("preferred_username")), email=_email(said))


def _is_text(value: object) -> TypeGuard[str]:
    # Neither controls nor halves of a character, which no store and no header can hold.
    return isinstance(value, str) and value.isprintable()


def _text(value: object) -> str:
    return value.strip() if _is_text(value) and len(value) <= 200 else ""


def _email(said: Mapping[str, Any]) -> str | None:
    return (_text(said.get("email")) or None) if said.get("email_verified") is True else None
