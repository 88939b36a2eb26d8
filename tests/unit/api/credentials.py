"""The store of sites' credentials in memory."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from schemas.accounts import Act
from schemas.credentials import SiteCredential, SiteSecret


@dataclass
class FakeCredentials:
    """Keeps the secrets too, so that tests can see what would have been sealed."""

    kept: dict[str, tuple[SiteCredential, SiteSecret]] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)

    async def add(
        self, credential: SiteCredential, secret: SiteSecret, act: Act, room: int
    ) -> SiteCredential | Literal["taken", "full", "ended"]:
        if await self.known(credential.owner, credential.name):
            return "taken"
        if len(await self.all(credential.owner)) >= room:
            return "full"
        self.acts.append(act)
        added = replace(credential, created_at=datetime.now(UTC))
        self.kept[credential.id] = added, secret
        return added

    async def all(self, owner: str) -> list[SiteCredential]:
        return sorted((one for one, _ in self.kept.values() if one.owner == owner), key=lambda one: one.name)

    async def known(self, owner: str, name: str) -> bool:
        return any(one.name == name for one in await self.all(owner))

    async def remove(self, owner: str, credential_id: str, act: Act) -> bool:
        found = self.kept.get(credential_id)
        if found is None or found[0].owner != owner:
            return False
        del self.kept[credential_id]
        self.acts.append(act)
        return True
