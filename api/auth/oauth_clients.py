"""The clients that an administrator registers, and how they show who they are."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from api.auth.callers import Caller
from api.auth.oauth import OAuthError
from api.auth.tokens import hash_of
from api.auth.visits import Visit
from api.errors import conflict, invalid, not_found
from api.ports.oauth import OAuthStore
from schemas.accounts import User
from schemas.oauth import ClientChange, OAuthClient

MAX_CLIENTS = 1000
_NOBODY = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAsked:
    """What a new client is to be. `service_role` gives it an account of its own."""

    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    confidential: bool
    resource_server: bool
    service_role: str | None


class OAuthClients:
    """Registered clients. Secrets have 256 random bits, so that a plain hash keeps them."""

    def __init__(self, store: OAuthStore, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    async def add(self, caller: Caller, asked: ClientAsked, visit: Visit) -> tuple[OAuthClient, str | None]:
        """The client, and its secret, which is shown this once; None for a public one."""
        secret = secrets.token_urlsafe(32) if asked.confidential else None
        service = self._service(asked)
        client = OAuthClient(
            id=str(uuid4()),
            name=asked.name,
            redirect_uris=asked.redirect_uris,
            scopes=asked.scopes,
            secret_hash=hash_of(secret) if secret else None,
            resource_server=asked.resource_server,
            service_user=service.id if service else None,
            created_by=caller.user_id,
            created_at=self._clock(),
        )
        act = visit.act(caller.user_id, "oauth_client_added", client.id, name=asked.name, role=asked.service_role)
        kept = await self._store.add_client(client, service, act, MAX_CLIENTS)
        if kept == "full":
            raise conflict("name", f"There are {MAX_CLIENTS} clients already; remove one first.")
        if kept == "taken":
            raise conflict("name", "A client, or a service account, of this name exists already.")
        return kept, secret

    def _service(self, asked: ClientAsked) -> User | None:
        if asked.service_role is None:
            return None
        return User(
            id=str(uuid4()),
            username=f"service:{asked.name}",
            email=None,
            role=asked.service_role,
            status="active",
            created_at=self._clock(),
        )

    async def all(self) -> list[OAuthClient]:
        """Every client, by name."""
        return await self._store.clients()

    async def one(self, client_id: str) -> OAuthClient:
        """ApiError 404 where there is none."""
        known = _uuid(client_id)
        found = await self._store.client(known) if known else None
        if found is None:
            raise _missing()
        return found

    async def change(self, caller: Caller, client_id: str, change: ClientChange, visit: Visit) -> OAuthClient:
        """What is given is changed; what its tokens may do follows when they are refreshed."""
        client = await self.one(client_id)
        if change.redirect_uris == () and client.service_user is None and not client.resource_server:
            raise invalid("redirect_uris", "A client without redirect URIs must have an account of its own.")
        changed = [name for name in ClientChange.__dataclass_fields__ if getattr(change, name) is not None]
        act = visit.act(caller.user_id, "oauth_client_changed", client.id, changed=changed)
        found = await self._store.change_client(client.id, change, act)
        if found == "taken":
            raise conflict("name", "A client of this name exists already.")
        if found is None:
            raise _missing()
        return found

    async def new_secret(self, caller: Caller, client_id: str, visit: Visit) -> tuple[OAuthClient, str]:
        """Another secret in place of the old one, which is not good any more."""
        client = await self.one(client_id)
        if client.secret_hash is None:
            raise conflict("client_id", "A public client has no secret; register a confidential one.")
        secret = secrets.token_urlsafe(32)
        return await self.change(caller, client.id, ClientChange(secret_hash=hash_of(secret)), visit), secret

    async def remove(self, caller: Caller, client_id: str, visit: Visit) -> None:
        """Ends at once all that it was given."""
        client = await self.one(client_id)
        if not await self._store.remove_client(client.id, visit.act(caller.user_id, "oauth_client_removed", client.id)):
            raise _missing()

    async def find(self, client_id: str) -> OAuthClient | None:
        """One client by what somebody says its id is."""
        known = _uuid(client_id)
        return await self._store.client(known) if known else None

    async def authenticated(self, client_id: str, secret: str | None) -> OAuthClient:
        """The client that shows this secret; a public one shows none. OAuthError invalid_client, the same for an
        unknown client and a wrong secret."""
        client = await self.find(client_id)
        if secret is None and client is not None and client.secret_hash is None:
            return client
        expected = (client.secret_hash if client else None) or _NOBODY
        if hmac.compare_digest(expected, hash_of(secret or "")) and client is not None:
            return client
        raise OAuthError("invalid_client", "There is no such client, or its secret is another.", 401)


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _missing() -> Exception:
    return not_found("client_id", "There is no such client.")
