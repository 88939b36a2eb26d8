"""Signing in with an outside OpenID Connect provider: code flow with PKCE, state and nonce, bound to the browser.

An account is known by the provider's issuer and subject and by nothing else: names and mail addresses may pass from one
person to another. Somebody who has an account here links it while signed in; others get one only where that is set.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import orjson
import structlog

from api.auth import mails, oidc_tokens
from api.auth.callers import Caller
from api.auth.oauth import s256
from api.auth.oidc_tokens import NotBelieved, UnknownKey
from api.auth.tokens import Tokens
from api.auth.visits import Visit
from api.config import OidcConfig
from api.errors import ApiError
from api.ports import Accounts
from api.ports.oidc import Identities, Provider
from schemas.accounts import User
from schemas.oidc import Identity, ProviderAway

log = structlog.get_logger()

VISIT_S = 600
"""For so long somebody may be away at the provider."""
_DOCUMENT_S, _KEYS_S, _AGAIN_S = 3600.0, 600.0, 30.0
_MAX_KEYS = 50
_NOT_LINKED = (
    "You are linked to another account here already, you have been signed out, or your account was changed a moment "
    "ago; begin again."
)


class OidcRefused(Exception):
    """Nobody was let in; the text is for whoever sits at the browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """Somebody on the way to the provider: where the browser goes, and the cookie by which it is known again."""

    url: str
    cookie: str


class Oidc:
    """The way through the provider. What it publishes is kept for a while, and asked for again for a new key."""

    def __init__(
        self,
        config: OidcConfig,
        provider: Provider,
        identities: Identities,
        accounts: Accounts,
        tokens: Tokens,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self._provider = provider
        self._identities = identities
        self._accounts = accounts
        self._tokens = tokens
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._asking = asyncio.Lock()

    @property
    def label(self) -> str:
        """What people know the provider by."""
        return urlsplit(self.config.issuer).netloc

    async def begin(self, back: str, onward: str, link: tuple[Caller, User] | None = None) -> Away:
        """`back` is our callback's address, `onward` where the browser goes afterwards. With `link` (who is signed in,
        and the account as it was when its password was shown) the person who comes back is linked to that account, if
        it is still the same session that is signed in, and the account is let in by what it was."""
        document = await self._document()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        note = {"state": state, "nonce": nonce, "verifier": verifier, "onward": onward, "back": back}
        if link:
            note |= {"link": link[0].credential_id, "version": str(link[1].credential_version)}
        asked = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": back,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
        }
        where = document["authorization_endpoint"]
        url = f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}"
        cookie = self._tokens.issue("visit", "anonymous", "visit", VISIT_S, note=orjson.dumps(note).decode())
        return Away(url=url, cookie=cookie)

    async def end(self, values: dict[str, str], cookie: str, caller: Caller | None, visit: Visit) -> tuple[User, str]:
        """Who came back, as an active account here, and where they go on. OidcRefused with a sentence otherwise; every
        refusal is audited."""
        try:
            note = await self._visit(cookie)
            identity = await self._identity(values, note)
            return await self._account(identity, note, caller, visit), note["onward"]
        except (OidcRefused, NotBelieved) as problem:
            reason = str(problem) if isinstance(problem, NotBelieved) else "provider"
            await self._accounts.note(visit.act("anonymous", "sign_in_refused", reason=f"oidc: {reason}"))
            if isinstance(problem, NotBelieved):
                log.warning("oidc_token_refused", reason=reason)
                raise OidcRefused(
                    "The identity provider's answer is not to be believed. Tell your administrator."
                ) from None
            raise
        except ProviderAway as problem:
            log.warning("oidc_provider_away", error=str(problem))
            raise OidcRefused("The identity provider does not answer as it should; try again shortly.") from problem

    async def _visit(self, cookie: str) -> dict[str, str]:
        try:
            return dict(orjson.loads((await self._tokens.read("visit", cookie)).note))
        except (ApiError, orjson.JSONDecodeError):
            raise OidcRefused("This sign-in was begun in another browser, or too long ago; begin again.") from None

    async def _identity(self, values: dict[str, str], note: dict[str, str]) -> Identity:
        document = await self._document()
        if not hmac.compare_digest(values.get("state", "").encode(), note["state"].encode()):
            raise OidcRefused("This sign-in was begun in another browser, or too long ago; begin again.")
        # RFC 9207: an answer that another provider gave would say so, or would not say where it is from.
        spoken = document.get("authorization_response_iss_parameter_supported") is True
        if values.get("iss", None if spoken else self.config.issuer) != self.config.issuer:
            raise NotBelieved("an answer of another issuer")
        if "error" in values or not values.get("code"):
            raise OidcRefused("The identity provider did not let you in.")
        token = await self._exchange(document, values["code"], note)
        key, algorithm = await self._key(document, token)
        return oidc_tokens.identity_of(
            token, key, algorithm, self.config.issuer, self.config.client_id, note["nonce"], self._clock()
        )

    async def _exchange(self, document: dict[str, Any], code: str, note: dict[str, str]) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": note["back"],
            "code_verifier": note["verifier"],
        }
        ways = document.get("token_endpoint_auth_methods_supported")
        basic = None
        if self.config.client_secret and (not isinstance(ways, list) or "client_secret_basic" in ways):
            basic = (self.config.client_id, self.config.client_secret)
        else:
            form |= {"client_id": self.config.client_id}
            form |= {"client_secret": self.config.client_secret} if self.config.client_secret else {}
        answer = await self._provider.post(document["token_endpoint"], form, basic)
        token = answer.content.get("id_token")
        if answer.status != 200 or not isinstance(token, str):
            log.warning("oidc_code_refused", status=answer.status, error=str(answer.content.get("error", ""))[:100])
            raise OidcRefused("The identity provider did not let you in.")
        return token

    async def _key(self, document: dict[str, Any], token: str) -> tuple[Any, str]:
        where = document["jwks_uri"]
        try:
            return oidc_tokens.key_for(token, await self._fresh(where, _KEYS_S))
        except UnknownKey:
            return oidc_tokens.key_for(token, await self._fresh(where, _AGAIN_S))

    async def _account(self, identity: Identity, note: dict[str, str], caller: Caller | None, visit: Visit) -> User:
        if "link" in note:
            return await self._linked(identity, note, caller, visit)
        user = await self._identities.find(identity.issuer, identity.subject)
        if user is None and self.config.create:
            user = await self._created(identity, visit)
        if user is None:
            raise OidcRefused(
                "You have no account here yet. Ask an administrator, or sign in with a password and link it."
            )
        if user.status != "active":
            raise OidcRefused("Your account here is not active; ask an administrator.")
        return user

    async def _linked(self, identity: Identity, note: dict[str, str], caller: Caller | None, visit: Visit) -> User:
        session_id = note["link"]
        if caller is None or caller.credential_id != session_id:
            raise OidcRefused("Whoever began this is no longer signed in; sign in and begin again.")
        # Looked at before it is linked: what ends this link again lets nobody in by it either.
        user = await self._accounts.user(caller.user_id)
        if user is None or user.status != "active":
            raise OidcRefused("Your account here is not active; ask an administrator.")
        if note.get("version") != str(user.credential_version):
            raise OidcRefused("Your account here was changed a moment ago; begin again.")
        act = visit.act(user.id, "identity_linked", user.id, issuer=identity.issuer)
        mail = mails.identity_changed(user, visit, identity.issuer, linked=True)
        if not await self._identities.link(identity, user, act, session_id, mail):
            raise OidcRefused(_NOT_LINKED)
        return user

    async def _created(self, identity: Identity, visit: Visit) -> User:
        email = identity.email.lower() if identity.email else None
        user = User(
            id=str(uuid4()),
            username=_name(identity.username, email) or email or f"oidc:{identity.subject}"[:200],
            email=email,
            role=self.config.role,
            status="active",
            created_at=datetime.now(UTC),
        )
        act = visit.act("system", "user_created", user.id, role=user.role, issuer=identity.issuer)
        if not await self._identities.create(identity, user, act):
            raise OidcRefused("An account of your name or address exists here: sign in with its password and link it.")
        found = await self._identities.find(identity.issuer, identity.subject)
        if found is None:
            raise OidcRefused("Your account here was removed a moment ago; begin again.")
        return found

    async def _document(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery, 4.3): its own issuer and whole addresses."""
        where = f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration"
        document = await self._fresh(where, _DOCUMENT_S)
        if document.get("issuer") != self.config.issuer:
            self._kept.pop(where, None)
            raise ProviderAway("The provider says that its issuer is another than the configured one.")
        wanted = ("https",) if self.config.issuer.startswith("https:") else ("https", "http")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not _is_address(document.get(name), wanted):
                self._kept.pop(where, None)
                raise ProviderAway(f"The provider's {name} is no address.")
        return document

    async def _fresh(self, url: str, age: float) -> dict[str, Any]:
        """A document that is no older than `age` seconds; many at once ask for it once."""
        async with self._asking:
            known = self._kept.get(url)
            if known and self._clock() - known[0] < age:
                return known[1]
            answer = await self._provider.get(url)
            keys = answer.content.get("keys", [])
            if answer.status != 200 or not isinstance(keys, list) or len(keys) > _MAX_KEYS:
                raise ProviderAway(f"The provider answered {answer.status}, or keys that are no list, or too many.")
            self._kept = {**dict(list(self._kept.items())[-3:]), url: (self._clock(), answer.content)}
            return answer.content


def _is_address(value: object, schemes: tuple[str, ...]) -> bool:
    """Whether a browser or we can be sent there; a document may say anything, and nothing."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _name(given: str | None, email: str | None) -> str:
    """The provider's name for somebody, if it may be a username: one that looks like another's address would stand
    before that address when its owner signs in, and one with a colon is a program's."""
    name = given or ""
    return "" if ":" in name or ("@" in name and name.lower() != email) else name
