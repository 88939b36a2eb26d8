"""Where a request came from."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from api.auth.attempts import network_of
from api.auth.deeds import Deed
from schemas.accounts import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where a request came from, for the session's row and the audit log."""

    request_id: str = ""
    address: str = ""
    user_agent: str = ""
    deed: Deed = field(default_factory=Deed)

    def new_id(self, what: str, otherwise: Callable[[], UUID]) -> str:
        """The id of what this request makes: the same for its repeats, if it carries an Idempotency-Key."""
        return self.deed.new_id(what, otherwise)

    @property
    def network(self) -> str:
        """What is counted and remembered of the address."""
        return network_of(self.address)

    @property
    def device(self) -> bytes:
        """By which an account's device is known again: its network and its program."""
        return hashlib.sha256(f"{self.network}\n{self.user_agent}".encode("utf-8", "replace")).digest()

    def act(self, actor: str, action: str, target: str = "", **details: object) -> Act:
        """What `actor` does in this request, as a line of the audit log."""
        return Act(
            actor=actor,
            action=action,
            object=target,
            request_id=self.request_id,
            address=self.address,
            details=details,
            claim=self.deed.claim,
        )
