"""What a request with an Idempotency-Key does, once, however often it is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid5

from schemas.accounts import Claim


@dataclass(slots=True)
class Deed:
    """Filled in as soon as it is known who asks. What the deed makes is named after `name`, so that a second attempt
    (the first one's process was killed before it could answer) finds what the first one made instead of making another;
    `claim` goes into the transaction with the deed's line of the audit log. Both are empty without a key."""

    name: str = ""
    claim: Claim | None = None

    def new_id(self, what: str, otherwise: Callable[[], UUID]) -> str:
        """The id of the job, run … (`what`) that the deed makes."""
        return str(uuid5(UUID(self.name), what) if self.name else otherwise())
