"""The store of OAuth2 clients and codes in memory."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from api.ports.accounts import Warn
from api.ports.oauth import Opened
from schemas.accounts import Act, Session, User
from schemas.oauth import ClientChange, Consent, OAuthClient
from tests.unit.api.accounts_fakes import FakeAccounts


@dataclass
class _KeptCode:
    consent: Consent
    spent: bool = False
    session_id: str | None = None


@dataclass
class FakeOAuth:
    """What clients are given are sessions of `accounts`."""

    accounts: FakeAccounts
    kept: dict[str, OAuthClient] = field(default_factory=dict)
    codes: dict[bytes, _KeptCode] = field(default_factory=dict)
    grants: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts.codes_end = self._end_codes

    def _end_codes(self, user_id: str) -> None:
        self.codes = {name: kept for name, kept in self.codes.items() if kept.spent or kept.consent.user_id != user_id}

    async def add_client(
        self, client: OAuthClient, service: User | None, act: Act, room: int
    ) -> OAuthClient | Literal["taken", "full"]:
        if len(self.kept) >= room:
            return "full"
        if any(other.name == client.name for other in self.kept.values()):
            return "taken"
        if service and not await self.accounts.add_user(service, "", act):
            return "taken"
        self.kept[client.id] = client
        self.accounts.acts.append(act)
        return client

    async def client(self, client_id: str) -> OAuthClient | None:
        return self.kept.get(client_id)

    async def clients(self) -> list[OAuthClient]:
        return sorted(self.kept.values(), key=lambda client: client.name)

    async def change_client(
        self, client_id: str, change: ClientChange, act: Act
    ) -> OAuthClient | Literal["taken"] | None:
        if any(other.name == change.name and other.id != client_id for other in self.kept.values()):
            return "taken"
        if client_id not in self.kept:
            return None
        said: dict[str, Any] = {name: getattr(change, name) for name in ClientChange.__dataclass_fields__}
        given = {name: value for name, value in said.items() if value is not None}
        self.kept[client_id] = replace(self.kept[client_id], **given)
        self.accounts.acts.append(act)
        return self.kept[client_id]

    async def remove_client(self, client_id: str, act: Act) -> bool:
        client = self.kept.pop(client_id, None)
        if client is None:
            return False
        for session_id, owner in self.grants.items():
            if owner == client_id:
                self.accounts.sessions[session_id].revoked = True
        if client.service_user:
            self.accounts.change(client.service_user, status="disabled")
        self.accounts.acts.append(act)
        return True

    async def add_code(self, code_hash: bytes, consent: Consent, act: Act, by: str) -> bool:
        if not await self.accounts.standing([by]):
            return False
        self.codes[code_hash] = _KeptCode(consent)
        self.accounts.acts.append(act)
        return True

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
        kept = self.codes.get(code_hash)
        if kept is None or kept.consent.client_id != client_id:
            self.accounts.acts.append(refused)
            return "refused"
        if kept.spent:
            given = self.accounts.sessions[kept.session_id] if kept.session_id else None
            mail = warn(self.accounts.shown(kept.consent.user_id)) if given and not given.revoked else None
            if given:
                given.revoked = True
            self.accounts.tell(refused, mail)
            return "reused"
        kept.spent = True
        consent, user = kept.consent, self.accounts.users[kept.consent.user_id][0]
        fits = (consent.redirect_uri, consent.challenge) == (redirect_uri, challenge)
        if not fits or consent.expires_at <= datetime.now(UTC) or user.status != "active":
            self.accounts.acts.append(refused)
            return "refused"
        session, act = opened(user, consent)
        await self._open(session, client_id, act)
        kept.session_id = session.id
        return "redeemed"

    async def serve(self, client_id: str, session: Session, act: Act) -> str | None:
        if self.accounts.users[session.user_id][0].status != "active":
            return None
        for session_id, owner in self.grants.items():
            if owner == client_id and await self.accounts.live_session(session_id):
                self.accounts.acts.append(act)
                return session_id
        await self._open(session, client_id, act)
        return session.id

    async def _open(self, session: Session, client_id: str, act: Act) -> None:
        await self.accounts.open_session(session, act)
        self.grants[session.id] = client_id
