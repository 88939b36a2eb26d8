"""Where an account's secrets can be guessed there is one count: at the door, and wherever a session is asked again.

So a stolen session buys no guesses besides those that a stranger has, and leaves the same traces.
"""

from dataclasses import dataclass

from api.auth import mails
from api.auth.attempts import ACCOUNT, NETWORK, subject
from api.auth.guard import Guard, Told
from api.auth.visits import Visit
from api.ports import Accounts
from schemas.accounts import User


@dataclass(frozen=True, slots=True)
class Try:
    """What a try was counted against: the account (as strangers, or this network, see it) and the address."""

    account: str
    network: str


class Tries:
    """Counts a try before it is looked at; what comes of it is said afterwards."""

    def __init__(self, accounts: Accounts, guard: Guard) -> None:
        self._accounts = accounts
        self._guard = guard

    async def counted(self, user: User | None, visit: Visit, login: str = "") -> Try:
        """For a `login` that nobody has there are as many subjects, which behave alike. ApiError 429 for one too many;
        the account is told of the first of those in a row."""
        known = await self._accounts.known_network(user.id if user else None, visit.network)
        who = user.id if user else f"nobody {login.lower()}"
        mine = subject("device", who, visit.network) if known else subject("account", who)
        network = subject("network", visit.network)

        def alarm() -> Told:
            act = visit.act(user.id if user else "anonymous", "sign_in_locked_out", known_device=known)
            return act, mails.locked_out(user, visit) if user else None

        await self._guard.tried({mine: ACCOUNT, network: NETWORK}, watched=mine, alarm=alarm)
        return Try(mine, network)

    async def right(self, tried: Try) -> None:
        """The password was the account's own: it begins anew. Of the address only this try is taken back."""
        await self._guard.passed(frozenset((tried.account,)), frozenset((tried.network,)))

    async def taken_back(self, tried: Try) -> None:
        """Nothing was guessed; or what was right proves nothing of the account's password, so that whoever can make
        right ones (with a factor of their own, say) gets no guesses at it."""
        await self._guard.passed(frozenset(), frozenset((tried.account, tried.network)))

    async def wrong(self, user: User, visit: Visit, what: str) -> None:
        """Whoever is signed in has shown a wrong `what`; at the door more is written down."""
        await self._accounts.note(visit.act(user.id, "own_secret_refused", user.id, what=what))
