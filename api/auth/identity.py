"""The parts that let people in and look after their accounts, put together once."""

from dataclasses import dataclass

from api.auth.factors import SecondFactor
from api.auth.guard import Guard
from api.auth.passwords import Passwords
from api.auth.recovery import Recovery
from api.auth.sign_in import SignIn
from api.auth.tokens import Tokens
from api.auth.users import UserService
from api.config import GatewayConfig
from api.ports import Accounts
from api.ports.users import Attempts, Factors, Users


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the routes about accounts use."""

    sign_in: SignIn
    factor: SecondFactor
    recovery: Recovery
    users: UserService


def identity(
    accounts: Accounts,
    users: Users,
    factors: Factors,
    attempts: Attempts,
    passwords: Passwords,
    tokens: Tokens,
    config: GatewayConfig,
) -> Identity:
    """All of them on these stores."""
    guard = Guard(attempts)
    factor = SecondFactor(factors, passwords, guard)
    return Identity(
        sign_in=SignIn(accounts, passwords, tokens, guard, factor, config),
        factor=factor,
        recovery=Recovery(accounts, users, passwords, guard, config),
        users=UserService(accounts, users, attempts, passwords, config),
    )
