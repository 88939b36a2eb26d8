"""Where the keys that tokens are signed with are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from schemas.accounts import Act
from schemas.signing import SigningKey


class SigningKeys(Protocol):
    """The keys of every replica: one `current`, one `next`, and the `retired` ones that may still be met."""

    async def all(self) -> Sequence[SigningKey]:
        """Those that this gateway can open; what it cannot open it does not believe."""
        ...

    async def begin(self, first: SigningKey, fresh: SigningKey, following: SigningKey, act: Act) -> None:
        """Makes sure of a current and a next key: `first` where there were none ever, `fresh` where there are some but
        none of them can be opened. Nothing, and nothing audited, where there is a current one that can."""
        ...

    async def rotate(self, current: str, following: SigningKey, before: datetime, act: Act) -> bool:
        """The next key becomes the current one, `following` the next; retired ones from before `before` are forgotten.
        False, and nothing is done, when `current` is not the current one any more: somebody else was first."""
        ...
