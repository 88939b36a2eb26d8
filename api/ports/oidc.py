"""The outside OpenID Connect provider, and who is known of it."""

from collections.abc import Mapping
from typing import Protocol

from schemas.accounts import Act, User
from schemas.mail import Mail
from schemas.oidc import Identity, LinkedIdentity, ProviderAnswer


class Provider(Protocol):
    """Asks the provider; no redirect is followed, nothing large is read. Raises schemas.oidc.ProviderAway."""

    async def get(self, url: str) -> ProviderAnswer:
        """A document."""
        ...

    async def post(self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None) -> ProviderAnswer:
        """A form, by a client that shows itself by HTTP Basic or does not."""
        ...


class Identities(Protocol):
    """Which account somebody of a provider has here."""

    async def find(self, issuer: str, subject: str) -> User | None:
        """Whatever its status."""
        ...

    async def all(self, user_id: str) -> list[LinkedIdentity]:
        """Who an account is elsewhere, oldest first."""
        ...

    async def link(self, identity: Identity, user: User, act: Act, by: str, mail: Mail | None = None) -> bool:
        """False, and nothing audited, when it is another account's, when the session `by` counts no more, or when the
        account has changed since it was looked at."""
        ...

    async def unlink(self, identity_id: str, user: User, act: Act, mail: Mail | None = None) -> bool:
        """False, and nothing audited, for one that is not this account's, or when the account has changed since it was
        looked at."""
        ...

    async def create(self, identity: Identity, user: User, act: Act) -> bool:
        """A new account without a password. False, and nothing written, when its name or address is taken."""
        ...
