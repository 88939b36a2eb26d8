"""The accounts of an installation, reached without its gateway: first aid when nobody can sign in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.auth.callers import Caller
from api.auth.identity import Identity, identity
from api.auth.passwords import Passwords
from api.auth.permissions import Permission
from api.auth.signing import KeyRing
from api.auth.tokens import Tokens
from api.main import config_of
from cli.errors import CliError
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.attempts import PostgresAttempts
from infra.postgres.factors import PostgresFactors
from infra.postgres.identities import PostgresIdentities
from infra.postgres.mailbox import Mailbox
from infra.postgres.pool import Database
from infra.postgres.users import PostgresUsers
from infra.sealing import Seal
from infra.settings import Settings
from schemas.accounts import User

ACTOR = "command line"
"""As whom the audit log knows what is done here."""


@dataclass(frozen=True, kw_only=True)
class People:
    """The parts that look after accounts, on the installation's own store."""

    accounts: PostgresAccounts
    identity: Identity

    async def named(self, login: str) -> User:
        """By username or e-mail address. CliError for nobody."""
        found = await self.accounts.credential(login)
        if found is None:
            raise CliError(f"There is no account {login!r}; `trawl users list` shows them.")
        return found.user

    @property
    def caller(self) -> Caller:
        """Whoever may read the data folder may do everything."""
        return Caller(user_id=ACTOR, username=ACTOR, role="admin", via="key", credential_id="", expires_at=None,
                      rights=tuple(Permission))  # fmt: skip


@asynccontextmanager
async def people(settings: Settings) -> AsyncGenerator[People]:
    """Opens the store. StoreUnavailable when it does not answer within ten seconds."""
    address, seal, config = settings.address("postgres"), Seal(settings.secret("seal_key")), config_of(settings)
    async with Database(address, max_size=2, application_name="trawl-users", wait=10) as database, Passwords() as words:
        mailbox = Mailbox(seal)
        accounts = PostgresAccounts(database, mailbox)
        parts = identity(
            accounts,
            PostgresUsers(database, mailbox),
            PostgresFactors(database, seal, mailbox),
            PostgresAttempts(database, mailbox),
            PostgresIdentities(database, mailbox),
            words,
            Tokens(KeyRing(config.signing_seed), config.issuer, config.audience),
            config,
        )
        yield People(accounts=accounts, identity=parts)
