"""Stored credentials of sites: whose they are, and which jobs may name them."""

from collections.abc import Callable
from uuid import UUID, uuid4

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import conflict, invalid, not_found, unauthenticated
from api.ports import SiteCredentials
from api.shapes.credentials import CredentialAsked
from schemas.credentials import SiteCredential, SiteSecret
from schemas.hosts import UrlError, host_of
from schemas.job import JobDescription
from schemas.urls import canonical

MAX_PER_OWNER = 200


class CredentialService:
    """A caller's own, and nobody else's: an administrator uses those of others no more than anybody."""

    def __init__(self, store: SiteCredentials, new_id: Callable[[], UUID] = uuid4) -> None:
        self._store = store
        self._new_id = new_id

    async def add(self, caller: Caller, asked: CredentialAsked, visit: Visit) -> SiteCredential:
        """Seals and keeps them. 409 for a name that is taken."""
        try:
            host = host_of(canonical(f"{asked.scheme}://{asked.host}/"))
        except UrlError as problem:
            raise invalid("host", str(problem), problem.reason.upper()) from None
        if set(asked.host) & set("/?#@\\"):
            raise invalid("host", "Give a host, or host:port, and nothing around it.")
        wanted = SiteCredential(
            id=str(self._new_id()), owner=caller.user_id, name=asked.name, kind=asked.kind, host=host,
            scheme=asked.scheme,
        )  # fmt: skip
        secret = SiteSecret(user=asked.username, label=asked.label, secret=asked.secret.get_secret_value())
        act = visit.act(caller.user_id, "credentials_added", wanted.id, name=wanted.name, kind=wanted.kind, host=host)
        added = await self._store.add(wanted, secret, act, MAX_PER_OWNER)
        if added == "full":
            raise conflict("name", f"You have {MAX_PER_OWNER} stored credentials, which is the limit; remove some.")
        if added == "ended":
            raise unauthenticated("This account is not active any more.")
        if added == "taken":
            raise conflict("name", "You have stored credentials of this name; remove them first, or choose another.")
        return added

    async def all(self, caller: Caller) -> list[SiteCredential]:
        """The caller's, by name."""
        return await self._store.all(caller.user_id)

    async def remove(self, caller: Caller, credential_id: str, visit: Visit) -> None:
        """Fetchers stop sending them within a minute."""
        try:
            known = str(UUID(credential_id))
        except ValueError:
            known = ""
        act = visit.act(caller.user_id, "credentials_removed", known)
        if not known or not await self._store.remove(caller.user_id, known, act):
            raise not_found("credential_id", "You have no such credentials.")

    async def check(self, owner: str, description: JobDescription) -> None:
        """422 for a job that names credentials which its owner has not stored."""
        name = description.options.credentials
        if name is not None and not await self._store.known(owner, name):
            message = f"There are no stored credentials {name!r}; make them with POST /api/v1/auth/credentials."
            raise invalid("options.credentials", message, "UNKNOWN_CREDENTIALS")
