"""An OpenID Connect provider in memory, and who is known of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from schemas.accounts import Act, User
from schemas.oidc import Identity, ProviderAnswer, ProviderAway
from tests.unit.api.accounts_fakes import FakeAccounts

ISSUER = "https://id.example"


@dataclass
class FakeIdentities:
    accounts: FakeAccounts
    known: dict[tuple[str, str], str] = field(default_factory=dict)

    async def find(self, issuer: str, subject: str) -> User | None:
        user_id = self.known.get((issuer, subject))
        return await self.accounts.user(user_id) if user_id else None

    async def link(self, identity: Identity, user_id: str, act: Act) -> bool:
        if self.known.setdefault((identity.issuer, identity.subject), user_id) != user_id:
            return False
        self.accounts.acts.append(act)
        return True

    async def create(self, identity: Identity, user: User, act: Act) -> bool:
        if (identity.issuer, identity.subject) in self.known or not await self.accounts.add_user(user, "", act):
            return False
        self.known[identity.issuer, identity.subject] = user.id
        return True


@dataclass
class FakeProvider:
    """Signs what a test wants it to: `claims` and `header` are laid over what is right; None takes a claim away."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    answer: str = ""
    away: bool = False
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    nonces: dict[str, str] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = "one"

    async def get(self, url: str) -> ProviderAnswer:
        self.asked.append(url)
        if self.away:
            raise ProviderAway("a test took the provider away")
        if url.endswith("/jwks"):
            return ProviderAnswer(200, self.jwks())
        where = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
        return ProviderAnswer(200, {"issuer": ISSUER, **where, "jwks_uri": f"{ISSUER}/jwks", **self.document})

    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "ES256"}]}

    def visit(self, address: str) -> dict[str, str]:
        """What the browser carries back from an authorization address."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        self.nonces["a code"] = asked["nonce"]
        return {"code": "a code", "state": asked["state"]}

    async def post(self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None) -> ProviderAnswer:
        self.asked.append(url)
        self.forms.append({**form, "basic": ":".join(basic or ())})
        if form["code"] not in self.nonces:
            return ProviderAnswer(400, {"error": "invalid_grant"})
        return ProviderAnswer(200, {"id_token": self.answer or self.token(self.nonces.pop(form["code"]))})

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {"iss": ISSUER, "sub": "s-1", "aud": "trawl", "exp": now + 60, "iat": now,
                                  "nonce": nonce, "preferred_username": "ida", **self.claims}  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"kid": self.kid, **self.header}
        return jwt.encode(claims, self.key, "ES256", {name: value for name, value in header.items() if value})
