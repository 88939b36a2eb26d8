"""Who an account is at the outside provider: shown to its owner, added, and taken away."""

from uuid import UUID

from api.auth import mails
from api.auth.callers import Caller
from api.auth.proving import Proving, overtaken
from api.auth.visits import Visit
from api.errors import not_found
from api.ports import Identities
from schemas.accounts import User
from schemas.oidc import LinkedIdentity

_NONE = "You have no such identity; GET /auth/identities lists yours."


class Linked:
    """An identity is a way in, so that whoever adds one or takes one away shows the password first."""

    def __init__(self, identities: Identities, proving: Proving) -> None:
        self._identities = identities
        self._proving = proving

    async def all(self, caller: Caller) -> list[LinkedIdentity]:
        """The caller's, oldest first."""
        return await self._identities.all(caller.user_id)

    async def proved(self, caller: Caller, password: str, visit: Visit) -> User:
        """The account, for whoever may link somebody to it: it is the way in that stays when a stolen session is gone.
        ApiError 401, 409 and 429 as for any own secret."""
        return await self._proving.password(caller, password, visit)

    async def unlink(self, caller: Caller, identity_id: str, password: str, visit: Visit) -> None:
        """ApiError 404 for one that is not the caller's; 401, 409 and 429 as for any own secret."""
        try:
            known = str(UUID(identity_id))
        except ValueError:
            raise not_found("identity_id", _NONE) from None
        found = [identity for identity in await self.all(caller) if identity.id == known]
        if not found:
            raise not_found("identity_id", _NONE)
        user = await self._proving.password(caller, password, visit)
        act = visit.act(user.id, "identity_unlinked", user.id, issuer=found[0].issuer)
        if not await self._identities.unlink(known, user, act, mails.identity_changed(user, visit, found[0].issuer)):
            raise overtaken()
