"""An OpenID Connect provider in memory, and who is known of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from schemas.accounts import Act, User
from schemas.mail import Mail
from schemas.oidc import Identity, LinkedIdentity, ProviderAnswer, ProviderAway
from tests.unit.api.accounts_fakes import FakeAccounts

ISSUER = "https://id.example"


@dataclass
class FakeIdentities:
    accounts: FakeAccounts
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    linked: dict[tuple[str, str], LinkedIdentity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts.ends.append(self._end)

    def _end(self, user_id: str) -> None:
        gone = [who for who, owner in self.known.items() if owner == user_id and not self.linked[who].own]
        for who in gone:
            del self.known[who]

    def _keep(self, identity: Identity, user_id: str, own: bool) -> None:
        who = (identity.issuer, identity.subject)
        self.known[who] = user_id
        now = self.accounts.clock()
        self.linked[who] = LinkedIdentity(id=str(uuid4()), issuer=who[0], subject=who[1], linked_at=now, own=own)

    async def _as_seen(self, user: User) -> bool:
        now = await self.accounts.user(user.id)
        return now is not None and (now.status, now.credential_version) == ("active", user.credential_version)

    async def all(self, user_id: str) -> list[LinkedIdentity]:
        return [self.linked[who] for who, owner in self.known.items() if owner == user_id]

    async def unlink(self, identity_id: str, user: User, act: Act, mail: Mail | None = None) -> bool:
        found = [who for who, owner in self.known.items()
                 if owner == user.id and self.linked[who].id == identity_id]  # fmt: skip
        if not found or not await self._as_seen(user):
            return False
        del self.known[found[0]]
        self.accounts.turn(user.id)
        self.accounts.tell(act, mail)
        return True

    async def find(self, issuer: str, subject: str) -> User | None:
        user_id = self.known.get((issuer, subject))
        return await self.accounts.user(user_id) if user_id else None

    async def link(self, identity: Identity, user: User, act: Act, by: str, mail: Mail | None = None) -> bool:
        if not await self._as_seen(user) or not await self.accounts.standing([by]):
            return False
        if self.known.get((identity.issuer, identity.subject), user.id) != user.id:
            return False
        self._keep(identity, user.id, own=False)
        self.accounts.tell(act, mail)
        return True

    async def create(self, identity: Identity, user: User, act: Act) -> bool:
        if (identity.issuer, identity.subject) in self.known or not await self.accounts.add_user(user, "", act):
            return False
        self._keep(identity, user.id, own=True)
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
