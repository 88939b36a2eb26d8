"""The store of signing keys in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from schemas.accounts import Act
from schemas.signing import SigningKey


@dataclass
class FakeSigningKeys:
    """Counts how often it was asked; `hidden` are keys that another seal closes."""

    kept: dict[str, SigningKey] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    asked: int = 0

    async def all(self) -> Sequence[SigningKey]:
        self.asked += 1
        return [key for key in self.kept.values() if key.kid not in self.hidden]

    async def begin(self, first: SigningKey, fresh: SigningKey, following: SigningKey, act: Act) -> None:
        if any(key.state == "current" for key in await self.all()):
            return
        current = fresh if self.kept else first
        self._retire(*self.kept)
        self.kept |= {current.kid: current, following.kid: following}
        self.acts.append(act)

    async def rotate(self, current: str, following: SigningKey, before: datetime, act: Act) -> bool:
        if current not in self.kept or self.kept[current].state != "current":
            return False
        self._retire(current)
        for kid, key in self.kept.items():
            if key.state == "next":
                self.kept[kid] = replace(key, state="current", since=datetime.now(UTC))
        self.kept[following.kid] = following
        self.kept = {kid: key for kid, key in self.kept.items() if key.state != "retired" or key.since >= before}
        self.acts.append(act)
        return True

    def _retire(self, *kids: str) -> None:
        for kid in kids:
            if self.kept[kid].state != "retired":
                self.kept[kid] = replace(self.kept[kid], state="retired", since=datetime.now(UTC))
