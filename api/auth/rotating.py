"""A session's one refresh token is replaced by the next, whoever holds it: a device, or a program that was let in."""

from api.auth import mails
from api.auth.tokens import Claims, hash_of
from api.auth.visits import Visit
from api.ports import Accounts


class Rotation:
    """One that was spent before ends its session, for somebody else has it too; within `grace` seconds it is a lost
    race and merely refused. Every refusal is audited, and its owner told of a theft."""

    def __init__(self, accounts: Accounts, grace: float) -> None:
        self._accounts = accounts
        self._grace = grace

    async def turn(
        self, claims: Claims, shown: str, replacement: str, visit: Visit, action: str, program: str = ""
    ) -> bool:
        """Whether `replacement` is good from now on; `action` is how that is audited. `program`: who holds them, if it
        is not a device."""
        more = {"client": claims.client_id} if claims.client_id else {}
        answer = await self._accounts.rotate(
            claims.session_id,
            hash_of(shown),
            hash_of(replacement),
            self._grace,
            visit.act(claims.user_id, action, claims.session_id, **more),
            visit.act(claims.user_id, "refresh_token_reused", claims.session_id, **more),
            lambda user: mails.reused(user, visit, program),
        )
        if answer in ("raced", "ended"):  # of a reused one the store has written down more than that
            act = visit.act(claims.user_id, "refresh_refused", claims.session_id, reason=answer, **more)
            await self._accounts.note(act)
        return answer == "rotated"
