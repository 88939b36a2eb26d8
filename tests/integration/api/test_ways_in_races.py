"""Who is on the way in while the way is being closed, on a real PostgreSQL: one of the two is first, never both."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar
from uuid import uuid4

import pytest

from infra.postgres.accounts import PostgresAccounts
from infra.postgres.attempts import PostgresAttempts
from infra.postgres.factors import PostgresFactors
from infra.postgres.identities import PostgresIdentities
from infra.postgres.migrate import migrate
from infra.postgres.oauth import PostgresOAuth
from infra.postgres.pool import Database
from infra.postgres.users import PostgresUsers
from infra.sealing import Seal
from schemas.accounts import User, UserChange
from schemas.oauth import Consent, OAuthClient
from schemas.oidc import Identity
from tests.contract.api.test_accounts import act, session_of, someone
from tests.integration.api.test_gateway import until_true

T = TypeVar("T")
BACK = "https://a.example/"


@dataclass
class Doors:
    """The stores, and a way to hold one of them up."""

    owner: Database
    database: Database
    accounts: PostgresAccounts
    users: PostgresUsers
    oauth: PostgresOAuth
    identities: PostgresIdentities
    name: str

    async def user(self) -> User:
        made = someone()
        assert await self.accounts.add_user(made, "a hash", act())
        return made

    async def waiting(self, count: int) -> None:
        """Until so many of our connections wait for a lock."""
        query = b"select count(*) as n from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'"

        async def so_many() -> bool:
            return bool((await self.database.fetch(query, (self.name,)))[0]["n"] == count)

        await until_true(so_many)

    @asynccontextmanager
    async def before_the_audit(self) -> AsyncGenerator[None]:
        """Whatever is done meanwhile has happened but for its audit line, and is not committed."""
        async with self.owner.transaction() as connection:
            await connection.execute("lock table audit in share mode")
            yield

    async def overlapping(self, first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, Any]) -> T:
        """`first` has done its work and not committed when `second` begins; what `first` said."""
        async with self.before_the_audit():
            one = asyncio.create_task(first)
            await self.waiting(1)
            other = asyncio.create_task(second)
            await self.waiting(2)
        said, _ = await asyncio.gather(one, other)
        return said


@pytest.fixture
async def doors(engines: Any) -> AsyncIterator[Doors]:
    await migrate(engines.postgres_owner)
    name = f"races-{uuid4().hex[:8]}"
    async with (
        Database(engines.postgres_owner) as owner,
        Database(engines.postgres, max_size=6, application_name=name) as database,
    ):
        yield Doors(
            owner,
            database,
            PostgresAccounts(database),
            PostgresUsers(database),
            PostgresOAuth(database),
            PostgresIdentities(database),
            name,
        )


async def program(doors: Doors) -> OAuthClient:
    client = OAuthClient(id=str(uuid4()), name=f"client {uuid4()}", redirect_uris=(BACK,), scopes=("read_data",),
                         secret_hash=os.urandom(32), resource_server=False, service_user=None, created_by="test",
                         created_at=datetime.now(UTC))  # fmt: skip
    made = await doors.oauth.add_client(client, None, act(), 10_000)
    assert isinstance(made, OAuthClient)
    return made


async def code_of(doors: Doors, client: OAuthClient, user: User) -> bytes:
    code, ends = os.urandom(32), datetime.now(UTC) + timedelta(minutes=30)
    consent = Consent(client_id=client.id, user_id=user.id, redirect_uri=BACK, scopes=("read_data",), challenge="c",
                      expires_at=ends)  # fmt: skip
    by = session_of(user)
    assert await doors.accounts.open_session(by, act())
    assert await doors.oauth.add_code(code, consent, act(), by.id)
    return code


@pytest.mark.parametrize("change", ["password", "status"])
async def test_a_session_opens_only_for_the_account_that_was_looked_at(doors: Doors, change: str) -> None:
    user = await doors.user()
    found = await doors.accounts.credential(user.username)
    assert found is not None
    session = replace(session_of(user), version=found.user.credential_version)
    closing: Coroutine[Any, Any, Any] = (
        doors.users.set_password(user.id, "another", act())
        if change == "password"
        else doors.users.change(user.id, UserChange(status="disabled"), act())
    )
    opened = act()
    opening = doors.accounts.open_session(session, opened)
    async with doors.before_the_audit():
        one = asyncio.create_task(closing)
        await doors.waiting(1)
        other = asyncio.create_task(opening)
        await doors.waiting(2)
    await one
    assert await other is False and await doors.accounts.count_sessions(user.id) == 0
    if change == "status":
        assert await doors.users.change(user.id, UserChange(status="active"), act()) == "changed"
        assert await doors.accounts.live_session(session.id) is None
    lines = await doors.database.fetch("select action from audit where request_id = %s", (opened.request_id,))
    assert not lines
    now = await doors.accounts.user(user.id)
    assert now is not None
    assert await doors.accounts.open_session(replace(session, version=now.credential_version), act())


@pytest.mark.parametrize("closing", ["client", "everywhere", "password"])
async def test_what_a_code_is_exchanged_for_ends_with_whatever_ends_meanwhile(doors: Doors, closing: str) -> None:
    user, client = await doors.user(), await program(doors)
    code, session = await code_of(doors, client, user), session_of(user)
    redeeming = doors.oauth.redeem(
        code, client.id, BACK, "c", lambda _user, _consent: (session, act()), act(), lambda _user: None
    )
    begun: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "client": lambda: doors.oauth.remove_client(client.id, act()),
        "everywhere": lambda: doors.accounts.end_sessions(user.id, act()),
        "password": lambda: doors.users.set_password(user.id, "another", act()),
    }
    assert await doors.overlapping(redeeming, begun[closing]()) == "redeemed"
    assert await doors.accounts.live_session(session.id) is None


@pytest.mark.parametrize("meanwhile", ["promoted", "removed"])
@pytest.mark.parametrize("how", ["password", "factor", "tries", "status"])
async def test_an_administrator_touches_no_account_that_became_another_a_moment_ago(
    doors: Doors, how: str, meanwhile: str
) -> None:
    user, said, seal = await doors.user(), act(), Seal(secrets.token_urlsafe(32))
    factors, attempts = PostgresFactors(doors.database, seal), PostgresAttempts(doors.database)
    assert await factors.set_up(user.id, "SECRET", b"salt", [], act()) and await factors.enable(user.id, 1, act(), None)

    def still(now: User) -> bool:
        return now.role == user.role

    begun: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "password": lambda: doors.users.set_password(user.id, "another", said, still=still),
        "factor": lambda: factors.remove(user.id, said, None, still),
        "tries": lambda: attempts.clear(user.id, user.id, said, still),
        "status": lambda: doors.users.change(user.id, UserChange(status="locked"), said, None, still),
    }
    first: Coroutine[Any, Any, Any] = (
        doors.users.change(user.id, UserChange(role="senior_analyst"), act())
        if meanwhile == "promoted"
        else doors.users.remove(user.id, act())
    )
    async with doors.before_the_audit():
        one = asyncio.create_task(first)
        await doors.waiting(1)
        other = asyncio.create_task(begun[how]())
        await doors.waiting(2)
    await one
    assert await other == ("overtaken" if meanwhile == "promoted" else "gone")
    found = await doors.accounts.credential(user.username)
    assert found is None or (found.password_hash, found.user.mfa_enabled, found.user.status) == (
        "a hash", True, "active",
    )  # fmt: skip
    assert not await doors.database.fetch("select 1 from audit where request_id = %s", (said.request_id,))


async def test_a_link_that_is_made_meanwhile_is_for_the_account_as_it_was(doors: Doors) -> None:
    user = await doors.user()
    moved = UserChange(email=f"{uuid4()}@elsewhere.example")
    assert await doors.users.change(user.id, moved, act()) == "changed"
    ends = datetime.now(UTC) + timedelta(minutes=30)
    assert not await doors.accounts.add_link(os.urandom(32), user.id, ends, act(), purpose="reset", version=0)
    assert await doors.accounts.add_link(os.urandom(32), user.id, ends, act(), purpose="reset", version=1)


async def test_a_reset_unlinks_whoever_was_linked_and_leaves_the_accounts_own(doors: Doors) -> None:
    user, issuer = someone(), "https://id.example"
    mine, theirs = (Identity(issuer=issuer, subject=str(uuid4())) for _ in range(2))
    assert await doors.identities.create(mine, user, act())
    session = session_of(user)
    assert await doors.accounts.open_session(session, act())
    assert await doors.identities.link(theirs, user, act(), session.id)
    shown = await doors.identities.all(user.id)
    assert [(identity.subject, identity.own) for identity in shown] == [(mine.subject, True), (theirs.subject, False)]
    assert await doors.users.set_password(user.id, "a hash", act()) == "set"
    assert await doors.identities.find(issuer, theirs.subject) is None
    found = await doors.identities.find(issuer, mine.subject)
    assert found is not None and found.id == user.id
    assert not await doors.identities.link(theirs, found, act(), session.id), "its session has ended"
    other = replace(session_of(found), version=found.credential_version)
    assert await doors.accounts.open_session(other, act())
    assert not await doors.identities.link(theirs, user, act(), other.id), "the account has changed since"
    assert await doors.identities.link(theirs, found, act(), other.id)
    assert not await doors.identities.unlink(shown[0].id, user, act()), "the account has changed since"
    assert await doors.identities.unlink(shown[0].id, found, act())
    assert await doors.identities.find(issuer, mine.subject) is None


async def test_a_programs_account_gets_no_password_and_no_link(doors: Doors) -> None:
    client, service = await program(doors), someone(email=None, username=f"service:{uuid4()}")
    made = replace(client, id=str(uuid4()), name=f"other {uuid4()}", service_user=service.id)
    assert isinstance(await doors.oauth.add_client(made, service, act(), 10_000), OAuthClient)
    link, ends = os.urandom(32), datetime.now(UTC) + timedelta(minutes=30)
    assert await doors.users.set_password(service.id, "a hash", act()) == "gone"
    purposes: tuple[Literal["reset", "sign_in"], ...] = ("reset", "sign_in")
    for purpose in purposes:
        assert await doors.accounts.add_link(link + purpose.encode(), service.id, ends, act(), purpose=purpose)
    device = (b"d", "n")
    assert await doors.users.reset_password(link + b"reset", "x", lambda _: (act(), None), device) is None
    assert await doors.accounts.use_link(link + b"sign_in", lambda user: (session_of(user), act())) is None
    found = await doors.accounts.credential(service.username)
    assert found is not None and found.password_hash == ""
