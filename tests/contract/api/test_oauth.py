"""What every store of OAuth2 clients, of signing keys and of outside identities promises."""

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.auth.signing import KeyRing
from api.ports import Accounts
from api.ports.oauth import OAuthStore
from api.ports.oidc import Identities
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.identities import PostgresIdentities
from infra.postgres.mailbox import Mailbox
from infra.postgres.migrate import migrate
from infra.postgres.oauth import PostgresOAuth
from infra.postgres.pool import Database
from infra.postgres.signing import PostgresSigningKeys
from infra.sealing import Seal
from schemas.accounts import Act, Session, User
from schemas.mail import Mail
from schemas.oauth import ClientChange, Consent, OAuthClient
from schemas.oidc import Identity
from tests.contract.api.test_accounts import act, someone
from tests.unit.api.accounts_fakes import FakeAccounts
from tests.unit.api.oauth_fakes import FakeOAuth
from tests.unit.api.oidc_fakes import FakeIdentities

ROOM = 1_000_000


@dataclass
class Kept:
    """Stores of one kind."""

    accounts: Accounts
    oauth: OAuthStore
    identities: Identities


@pytest.fixture(params=["fake", "real"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    if request.param == "fake":
        accounts = FakeAccounts()
        yield Kept(accounts, FakeOAuth(accounts), FakeIdentities(accounts))
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    box = Mailbox(Seal(secrets.token_urlsafe(32)))
    async with Database(engines.postgres, max_size=16) as database:
        yield Kept(PostgresAccounts(database), PostgresOAuth(database, box), PostgresIdentities(database))


@pytest.fixture
async def user(kept: Kept) -> User:
    found = someone()
    assert await kept.accounts.add_user(found, "a hash", act())
    return found


async def client_of(kept: Kept, service: User | None = None, **fields: Any) -> OAuthClient:
    client = OAuthClient(
        id=str(uuid4()), name=f"client {uuid4()}", redirect_uris=("https://a.example/",), scopes=("read_data",),
        secret_hash=os.urandom(32), resource_server=False, service_user=service.id if service else None,
        created_by="test", created_at=datetime.now(UTC),
    )  # fmt: skip
    added = await kept.oauth.add_client(client, service, act(), ROOM)
    assert isinstance(added, OAuthClient) and added.secret_hash == client.secret_hash
    return added


def session_of(user_id: str, seconds: float = 60) -> Session:
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    return Session(id=str(uuid4()), user_id=user_id, refresh_hash=os.urandom(32), expires_at=ends, how="oauth")


async def code_of(kept: Kept, client: OAuthClient, user: User, seconds: float = 60) -> bytes:
    code, ends = os.urandom(32), datetime.now(UTC) + timedelta(seconds=seconds)
    consent = Consent(client_id=client.id, user_id=user.id, redirect_uri="https://a.example/", scopes=("read_data",),
                      challenge="c", expires_at=ends)  # fmt: skip
    session = session_of(user.id)
    assert await kept.accounts.open_session(session, act())
    assert await kept.oauth.add_code(code, consent, act(), session.id)
    return code


async def test_a_session_that_has_ended_makes_no_code(kept: Kept, user: User) -> None:
    client, session, consented = await client_of(kept), session_of(user.id), act("oauth_consented")
    ends = datetime.now(UTC) + timedelta(seconds=60)
    consent = Consent(client_id=client.id, user_id=user.id, redirect_uri="https://a.example/", scopes=("read_data",),
                      challenge="c", expires_at=ends)  # fmt: skip
    assert await kept.accounts.open_session(session, act())
    assert await kept.oauth.add_code(os.urandom(32), consent, act(), session.id)
    assert await kept.accounts.end_sessions(user.id, act())
    code = os.urandom(32)
    assert not await kept.oauth.add_code(code, consent, consented, session.id)
    assert await redeem(kept, code, client, Opening()) == "refused"


async def test_there_are_so_many_clients_however_many_are_added_at_once(kept: Kept) -> None:
    room = len(await kept.oauth.clients()) + 3

    async def add() -> object:
        client = OAuthClient(
            id=str(uuid4()), name=f"client {uuid4()}", redirect_uris=(), scopes=(), secret_hash=None,
            resource_server=False, service_user=None, created_by="test", created_at=datetime.now(UTC),
        )  # fmt: skip
        return await kept.oauth.add_client(client, None, act(), room)

    answers = await asyncio.gather(*(add() for _ in range(12)))
    assert answers.count("full") == 9 and len(await kept.oauth.clients()) == room


class Opening:
    """Opens sessions for codes and remembers them."""

    def __init__(self) -> None:
        self.opened: list[Session] = []
        self.consents: list[Consent] = []
        self.warned: list[str] = []

    def __call__(self, user: User, consent: Consent) -> tuple[Session, Act]:
        self.opened.append(session_of(user.id))
        self.consents.append(consent)
        return self.opened[-1], act()

    def warn(self, user: User) -> Mail:
        """Remembers who is told."""
        self.warned.append(user.id)
        return Mail(kind="code_reuse", recipient="a@example.com", subject="s", text="t")


async def redeem(kept: Kept, code: bytes, client: OAuthClient, opening: Opening, **wrong: str) -> str:
    said = {"redirect_uri": "https://a.example/", "challenge": "c", **wrong}
    return await kept.oauth.redeem(code, client.id, **said, opened=opening, refused=act(), warn=opening.warn)


async def test_a_code_is_redeemed_once_and_ends_what_it_gave_when_it_comes_back(kept: Kept, user: User) -> None:
    client, opening = await client_of(kept), Opening()
    code = await code_of(kept, client, user)
    assert await redeem(kept, code, await client_of(kept), opening) == "refused"
    assert await redeem(kept, code, client, opening) == "redeemed"
    assert opening.consents[-1].scopes == ("read_data",)
    session = opening.opened[-1].id
    assert await kept.accounts.live_session(session) is not None
    assert not opening.warned
    for _ in range(2):
        assert await redeem(kept, code, client, opening) == "reused"
        assert await kept.accounts.live_session(session) is None
    assert opening.warned == [user.id], "once, however often it comes"


async def test_of_twenty_at_once_one_is_first(kept: Kept, user: User) -> None:
    client, opening = await client_of(kept), Opening()
    code = await code_of(kept, client, user)
    answers = Counter(await asyncio.gather(*(redeem(kept, code, client, opening) for _ in range(20))))
    assert answers == {"redeemed": 1, "reused": 19}


@pytest.mark.parametrize("wrong", [{"redirect_uri": "https://b.example/"}, {"challenge": "d"}])
async def test_a_wrong_try_spends_a_code(kept: Kept, user: User, wrong: dict[str, str]) -> None:
    client, opening = await client_of(kept), Opening()
    code = await code_of(kept, client, user)
    assert await redeem(kept, code, client, opening, **wrong) == "refused"
    assert await redeem(kept, code, client, opening) == "reused" and not opening.opened and not opening.warned


async def test_an_old_code_and_one_nobody_made_are_refused(kept: Kept, user: User) -> None:
    client, opening = await client_of(kept), Opening()
    assert await redeem(kept, await code_of(kept, client, user, seconds=-1), client, opening) == "refused"
    assert await redeem(kept, os.urandom(32), client, opening) == "refused"


async def test_a_service_account_has_one_session_that_is_prolonged(kept: Kept) -> None:
    service = someone(email=None, role="viewer")
    client = await client_of(kept, service)
    short, long = session_of(service.id, 60), session_of(service.id, 600)
    assert await kept.oauth.serve(client.id, short, act()) == short.id
    assert await kept.oauth.serve(client.id, long, act()) == short.id
    live = await kept.accounts.live_session(short.id)
    assert live is not None and live.user.username == service.username and live.user.permissions == ("read_data",)
    assert await kept.oauth.remove_client(client.id, act()) and not await kept.oauth.remove_client(client.id, act())
    assert await kept.accounts.live_session(short.id) is None
    found = await kept.accounts.user(service.id)
    assert found is not None and found.status == "disabled"


async def test_clients_are_kept_changed_and_never_two_of_a_name(kept: Kept) -> None:
    client, other = await client_of(kept), await client_of(kept)
    assert await kept.oauth.add_client(client, someone(), act(), ROOM) == "taken"
    changed = await kept.oauth.change_client(client.id, ClientChange(scopes=("admin",)), act())
    assert isinstance(changed, OAuthClient) and (changed.scopes, changed.name) == (("admin",), client.name)
    assert await kept.oauth.change_client(client.id, ClientChange(name=other.name), act()) == "taken"
    assert await kept.oauth.change_client(str(uuid4()), ClientChange(name="x"), act()) is None
    assert await kept.oauth.client(client.id) == changed and changed in await kept.oauth.clients()


async def test_somebody_of_a_provider_is_one_account(kept: Kept, user: User) -> None:
    identity = Identity(issuer="https://id.example", subject=str(uuid4()))
    assert await kept.identities.find(identity.issuer, identity.subject) is None
    other = someone()
    assert await kept.accounts.add_user(other, "a hash", act())
    mine, theirs = session_of(user.id), session_of(other.id)
    for session in (mine, theirs):
        assert await kept.accounts.open_session(session, act())
    assert await kept.identities.link(identity, user, act(), mine.id)
    assert await kept.identities.link(identity, user, act(), mine.id)
    assert not await kept.identities.link(identity, other, act(), theirs.id)
    fresh = Identity(issuer="https://id.example", subject=str(uuid4()))
    before = replace(other, credential_version=other.credential_version + 1)
    assert not await kept.identities.link(fresh, before, act(), theirs.id), "the account is not what it was"
    assert not await kept.identities.link(fresh, other, act(), str(uuid4())), "the session is nobody's"
    assert await kept.identities.link(fresh, other, act(), theirs.id)
    assert not await kept.identities.create(identity, someone(), act())
    found = await kept.identities.find(identity.issuer, identity.subject)
    assert found is not None and found.id == user.id
    fresh = Identity(issuer="https://id.example", subject=str(uuid4()))
    assert not await kept.identities.create(fresh, someone(username=user.username), act())
    assert await kept.identities.create(fresh, someone(), act())


async def test_signing_keys_are_sealed_each_to_its_row_and_rotated_by_one(engines: Any) -> None:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=8) as database:
        await database.fetch("delete from signing_keys")
        secret = secrets.token_urlsafe(32)
        rings = [KeyRing("a seed", PostgresSigningKeys(database, Seal(secret))) for _ in range(6)]
        await asyncio.gather(*(ring.refresh() for ring in rings))
        assert len({ring.signing().kid for ring in rings}) == 1
        rotated = await asyncio.gather(*(ring.rotate(act("signing_key_rotated")) for ring in rings))
        assert sum(rotated) == 1 and len({ring.signing().kid for ring in rings}) == 1
        states = await database.fetch("select state from signing_keys")
        assert Counter(row["state"] for row in states) == {"current": 1, "next": 1, "retired": 1}
        store = PostgresSigningKeys(database, Seal(secret))
        kept = await store.all()
        assert len(kept) == 3
        rows = str(await database.fetch("select * from signing_keys"))
        assert not any(key.private.hex() in rows or str(key.private)[2:-1] in rows for key in kept)
        await database.fetch(
            "update signing_keys set sealed = (select sealed from signing_keys where state = 'next')"
            " where state = 'retired'"
        )
        assert {key.state for key in await store.all()} == {"current", "next"}
        assert not await PostgresSigningKeys(database, Seal(secrets.token_urlsafe(32))).all()
        await database.fetch("delete from signing_keys")
