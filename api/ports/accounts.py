"""Who may come in: users, their sessions and keys, and what sites want to know of us."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol

from schemas.accounts import Act, ApiKey, Credential, Device, LiveKey, LiveSession, Session, Standing, User
from schemas.credentials import SiteCredential, SiteSecret
from schemas.mail import Mail

Warn = Callable[[User], Mail | None]
"""The mail that tells an account of something, or None for one without an address."""


class Accounts(Protocol):
    """Users, their sessions and keys. Sessions and keys that ended, or whose account is not active, are not found."""

    async def credential(self, login: str) -> Credential | None:
        """By e-mail address, else by username; accounts that are not active are found too."""
        ...

    async def user(self, user_id: str) -> User | None:
        """Whatever its status."""
        ...

    async def add_user(self, user: User, password_hash: str, act: Act, mail: Mail | None = None) -> bool:
        """With what it is `granted` besides its role. Usernames and addresses are one namespace: False when either is
        taken as either, or the name is an address that is not its own; nothing is written then."""
        ...

    async def open_session(self, session: Session, act: Act, warning: Mail | None = None) -> bool:
        """Lets a device in, and remembers that its account was. `warning` is posted when the account has been let in
        before, but never with this device. False, and nothing written, for an account that is not active or whose
        credential version is no longer the session's: of a password change and a sign-in one is first."""
        ...

    async def known_network(self, user_id: str | None, network: str) -> bool:
        """Whether this account was let in from there within 30 days; asked of nobody it takes as long, and is no."""
        ...

    async def live_session(self, session_id: str) -> LiveSession | None:
        """The session if it still counts; remembers the use."""
        ...

    async def devices(self, user_id: str) -> list[Device]:
        """The sessions of an account that still count, last used first."""
        ...

    async def end_device(self, user_id: str, session_id: str, act: Act) -> bool:
        """False, and nothing audited, for a session that is not this account's or has ended."""
        ...

    async def rotate(
        self, session_id: str, shown: bytes, replacement: bytes, grace: float, act: Act, theft: Act, warn: Warn
    ) -> Literal["rotated", "raced", "reused", "ended"]:
        """Replaces the refresh hash if `shown` is the current one: of any number at once exactly one succeeds.

        `raced`: `shown` was replaced less than `grace` seconds ago. `reused`: it was replaced before, so somebody
        else has it too; the session is ended, `theft` is audited instead of `act`, and `warn`'s mail posted.
        """
        ...

    async def end_session(self, session_id: str, act: Act) -> bool:
        """False, and nothing audited, when it had ended already."""
        ...

    async def end_sessions(self, user_id: str, act: Act) -> bool:
        """Signs an account out everywhere."""
        ...

    async def count_sessions(self, user_id: str) -> int:
        """How many devices are signed in."""
        ...

    async def add_key(
        self, key: ApiKey, key_hash: bytes, act: Act, room: int, by: str | None
    ) -> ApiKey | Literal["full", "ended"]:
        """The key as it is kept. Nothing is written where the account has `room` keys that count already (`full`), or
        where `by`, the session or key that makes it, counts no more (`ended`); None for this machine itself."""
        ...

    async def keys(self, user_id: str) -> list[ApiKey]:
        """Newest first, without revoked ones."""
        ...

    async def revoke_key(self, user_id: str, key_id: str, act: Act) -> bool:
        """False, and nothing audited, for a key that is not this account's."""
        ...

    async def by_key(self, key_hash: bytes, address: str = "") -> LiveKey | None:
        """The key if it still counts; remembers the use and where it came from."""
        ...

    async def add_link(
        self,
        link_hash: bytes,
        user_id: str,
        expires_at: datetime,
        act: Act,
        *,
        purpose: Literal["sign_in", "reset"] = "sign_in",
        mail: Mail | None = None,
        version: int = 0,
    ) -> bool:
        """A link that lets an account in once, or lets it choose a new password once. False, and nothing written or
        posted, for an account whose credential version is another."""
        ...

    async def use_link(self, link_hash: bytes, opened: Callable[[User], tuple[Session, Act]]) -> User | None:
        """Spends a one-time link and opens the session that `opened` makes for its account: once, or never."""
        ...

    async def standing(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Of these sessions and keys the ones that still count, each with what its account may do now."""
        ...

    async def note(self, act: Act) -> None:
        """Audits something that changed nothing, such as a refused sign-in."""
        ...


class SiteCredentials(Protocol):
    """Stored credentials of sites; nothing here gives a secret back."""

    async def add(
        self, credential: SiteCredential, secret: SiteSecret, act: Act, room: int
    ) -> SiteCredential | Literal["taken", "full", "ended"]:
        """As it is kept. Nothing is written where the owner has one of that name (`taken`) or `room` of them already,
        however many are added at once (`full`), nor for an account that is not active any more (`ended`)."""
        ...

    async def all(self, owner: str) -> list[SiteCredential]:
        """An owner's, by name."""
        ...

    async def known(self, owner: str, name: str) -> bool:
        """Whether an owner has one of that name."""
        ...

    async def remove(self, owner: str, credential_id: str, act: Act) -> bool:
        """False, and nothing audited, for one that is not the owner's."""
        ...
