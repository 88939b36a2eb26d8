"""OAuth2 clients, the codes that people let them have, and what came of those."""

from collections.abc import Callable
from typing import Literal, Protocol

from api.ports.accounts import Warn
from schemas.accounts import Act, Session, User
from schemas.oauth import ClientChange, Consent, OAuthClient

Opened = Callable[[User, Consent], tuple[Session, Act]]
"""Makes the session that a code is exchanged for."""


class OAuthStore(Protocol):
    """Clients and codes. What a client was given is a session like any other, and ends like any other."""

    async def add_client(
        self, client: OAuthClient, service: User | None, act: Act, room: int
    ) -> OAuthClient | Literal["taken", "full"]:
        """With its service account, if it is to have one. Nothing is written where a name is taken, or where there are
        `room` clients already, however many are added at once."""
        ...

    async def client(self, client_id: str) -> OAuthClient | None:
        """One client."""
        ...

    async def clients(self) -> list[OAuthClient]:
        """All of them, by name."""
        ...

    async def change_client(
        self, client_id: str, change: ClientChange, act: Act
    ) -> OAuthClient | Literal["taken"] | None:
        """None for one that is not there."""
        ...

    async def remove_client(self, client_id: str, act: Act) -> bool:
        """Ends all that it was given, and disables its service account."""
        ...

    async def add_code(self, code_hash: bytes, consent: Consent, act: Act, by: str) -> bool:
        """A code that can be redeemed once. False, and nothing is done, where the session that consents (`by`) does not
        count any more."""
        ...

    async def redeem(
        self,
        code_hash: bytes,
        client_id: str,
        redirect_uri: str,
        challenge: str,
        opened: Opened,
        refused: Act,
        warn: Warn,
    ) -> Literal["redeemed", "refused", "reused"]:
        """Spends a code of this client, whatever comes of it, and opens the session if everything fits and neither the
        client nor the account ends meanwhile. `reused`: it was spent before, so what it gave is ended, and `warn`'s
        mail posted where that had not ended yet. `refused` is audited whenever it is not redeemed."""
        ...

    async def serve(self, client_id: str, session: Session, act: Act) -> str | None:
        """The id of the service account's session: its open one, prolonged to the end of `session`, else that. None
        where the account is not active."""
        ...
