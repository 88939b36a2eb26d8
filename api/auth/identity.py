"""The parts that let people in and look after their accounts, put together once."""

from dataclasses import dataclass

from api.auth.factors import SecondFactor
from api.auth.guard import Guard
from api.auth.linked import Linked
from api.auth.passwords import Passwords
from api.auth.proving import Proving
from api.auth.recovery import Recovery
from api.auth.sign_in import SignIn
from api.auth.tokens import Tokens
from api.auth.tries import Tries
from api.auth.users import UserService
from api.config import GatewayConfig
from api.ports import Accounts, Identities
from api.ports.users import Attempts, Factors, Users


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the routes about accounts use."""

    sign_in: SignIn
    factor: SecondFactor
    proving: Proving
    recovery: Recovery
    linked: Linked
    users: UserService


def identity(
    accounts: Accounts,
    users: Users,
    factors: Factors,
    attempts: Attempts,
    identities: Identities,
    passwords: Passwords,
    tokens: Tokens,
    config: GatewayConfig,
) -> Identity:
    """All of them on these stores."""
    guard = Guard(attempts)
    tries = Tries(accounts, guard)
    proving = Proving(accounts, passwords, tries)
    factor = SecondFactor(factors, passwords, tries)
    return Identity(
        sign_in=SignIn(accounts, passwords, tokens, tries, factor, config),
        factor=factor,
        proving=proving,
        recovery=Recovery(accounts, users, passwords, proving, guard, config),
        linked=Linked(identities, proving),
        users=UserService(accounts, users, attempts, passwords, proving, config),
    )
