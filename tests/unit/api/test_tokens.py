"""What may be tried with a JWT (RFC 8725), and that none of it is believed."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from api.auth.signing import KeyRing
from api.auth.tokens import Claims, TokenKind, Tokens
from api.errors import ApiError

NOW = 1_800_000_000


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


clock = Clock()
ring = KeyRing("a seed", clock=clock)
tokens = Tokens(ring, "trawl", "trawl-api", clock)
GOOD = {"iss": "trawl", "aud": "trawl-api", "sub": "u", "sid": "s", "iat": NOW, "exp": NOW + 60, "jti": "j"}
HEADER = {"typ": "at+jwt", "kid": ring.signing().kid}


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = None, alg: str = "EdDSA") -> str:
    return jwt.encode(claims, key or ring.signing().private, alg, {**HEADER, **(header or {})})


def text(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refused(token: str, kind: TokenKind = "access") -> ApiError:
    with pytest.raises(ApiError) as caught:
        tokens.believed(kind, token)
    assert caught.value.status_code == 401
    return caught.value


def test_what_was_issued_is_believed() -> None:
    expected = Claims("u", "s", NOW + 60, issued_at=NOW)
    assert tokens.believed("access", signed(GOOD)) == expected
    assert tokens.believed("refresh", tokens.issue("refresh", "u", "s", 60)) == expected
    assert tokens.issue("refresh", "u", "s", 60) != tokens.issue("refresh", "u", "s", 60)


KINDS: tuple[TokenKind, ...] = ("access", "refresh", "browser", "grant", "visit")


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_passes_for_another(kind: TokenKind) -> None:
    for other in KINDS:
        if other != kind:
            refused(tokens.issue(kind, "u", "s", 60), other)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
def test_an_unsigned_token_is_refused(alg: str) -> None:
    refused(f"{text({**HEADER, 'alg': alg})}.{text(GOOD)}.")
    refused(f"{text({**HEADER, 'alg': alg})}.{text(GOOD)}.{text(b'x' * 64)}")


def test_the_public_key_is_no_shared_secret() -> None:
    public = tokens.jwks()["keys"][0]["x"]
    for secret in (public.encode(), base64.urlsafe_b64decode(public + "=")):
        head = f"{text({**HEADER, 'alg': 'HS256'})}.{text(GOOD)}"
        refused(f"{head}.{text(hmac.digest(secret, head.encode(), sha256))}")


def test_another_key_is_refused_whatever_it_calls_itself() -> None:
    other = Tokens(KeyRing("another seed"), "trawl", "trawl-api", clock)
    refused(other.issue("access", "u", "s", 60))
    refused(signed(GOOD, key=Ed25519PrivateKey.generate()))
    refused(signed(GOOD, {"kid": other.ring.signing().kid}))
    refused(signed(GOOD, {"kid": "../../etc/passwd"}))


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "http://127.0.0.1:1/keys"},
        {"jwk": KeyRing("another seed").jwks()["keys"][0]},
        {"x5u": "http://127.0.0.1:1/"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"cty": "JWT"},
        {"typ": "JWT"},
        {"typ": "rt+jwt"},
        {"typ": "browser+jwt"},
    ],
)
def test_headers_that_point_elsewhere_or_mean_something_else_are_refused(header: dict[str, Any]) -> None:
    refused(signed(GOOD, header))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_every_claim_is_required(name: str) -> None:
    refused(signed({key: value for key, value in GOOD.items() if key != name}))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "someone"},
        {"aud": "trawl-api/refresh"},
        {"aud": "else"},
        {"aud": []},
        {"nbf": NOW * 2},
        {"exp": "soon"},
        {"exp": None},
        {"exp": [1]},
        {"sub": 7},
    ],
)
def test_wrong_claims_are_refused(claims: dict[str, Any]) -> None:
    refused(signed(GOOD | claims))


def test_an_expired_token_says_so() -> None:
    token = tokens.issue("access", "u", "s", 1800)
    clock.now = NOW + 1799
    tokens.believed("access", token)
    clock.now = NOW + 1800
    try:
        assert refused(token).code == "TOKEN_EXPIRED"
    finally:
        clock.now = NOW


def test_an_altered_token_is_refused() -> None:
    head, body, signature = signed(GOOD).split(".")
    refused(f"{head}.{text({**GOOD, 'sub': 'root'})}.{signature}")
    refused(f"{head}.{body}.{signature[:-4]}AAAA")
    refused(f"{head}.{body}")
    refused(f"{head}.{body}.")
    refused("." * 3)
    refused("A" * 100_000)
    refused(f"{text(b'[' * 3000)}.{body}.{signature}")


@given(st.text(max_size=200))
def test_anything_else_is_refused(token: str) -> None:
    refused(token)
