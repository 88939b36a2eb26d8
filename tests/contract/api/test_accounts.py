"""What every store of accounts promises."""

import asyncio
import itertools
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from schemas.accounts import Act, ApiKey, Session, User
from tests.contract.api.conftest import Stores


def act(action: str = "tested") -> Act:
    return Act(
        actor="test", action=action, object="x", request_id=str(uuid4()), address="::1", details={"a": [1, None]}
    )


def someone(**fields: Any) -> User:
    name = f"user-{uuid4()}"
    values: dict[str, Any] = {"id": str(uuid4()), "username": name, "email": f"{name}@example.com", "role": "analyst",
                              "status": "active", "created_at": datetime.now(UTC)}  # fmt: skip
    return User(**values | fields)


def session_of(user: User, hours: float = 1, refresh_hash: bytes | None = None) -> Session:
    return Session(
        id=str(uuid4()),
        user_id=user.id,
        refresh_hash=refresh_hash or os.urandom(32),
        expires_at=datetime.now(UTC) + timedelta(hours=hours),
        user_agent="Tests/1",
        address="::1",
    )


def nobody(user: User) -> None:
    """Nobody is told."""


@pytest.fixture
async def user(stores: Stores) -> User:
    found = someone()
    assert await stores.accounts.add_user(found, "a hash", act())
    return found


async def test_an_account_is_found_by_name_and_by_address(stores: Stores, user: User) -> None:
    for login in (user.username, user.email):
        found = await stores.accounts.credential(str(login))
        assert found is not None
        assert (found.user.id, found.user.role, found.password_hash) == (user.id, "analyst", "a hash")
    assert await stores.accounts.credential(f"not {user.username}") is None
    assert (await stores.accounts.user(user.id)) is not None
    assert (await stores.accounts.user(str(uuid4()))) is None


async def test_names_and_addresses_are_one_namespace(stores: Stores, user: User) -> None:
    own = f"{uuid4()}@example.com"
    for taken in (
        someone(username=str(user.email).upper(), email=None),
        someone(username=own, email=None),
        someone(username=own, email=f"not-{own}"),
    ):
        assert not await stores.accounts.add_user(taken, "another hash", act())
    first = someone(username=own.upper(), email=own)
    assert await stores.accounts.add_user(first, "a hash", act())
    assert await stores.accounts.add_user(someone(username=f"service:{uuid4()}@x", email=None), "", act())


async def test_of_older_rows_an_address_leads_to_its_owner(stores: Stores, user: User) -> None:
    if stores.database is None:
        pytest.skip("the fake has no older rows")
    squatter = someone()
    assert await stores.accounts.add_user(squatter, "another hash", act())
    await stores.database.fetch("update users set username = %s where id = %s", (user.email, squatter.id))
    try:
        found = await stores.accounts.credential(str(user.email))
        assert found is not None and found.user.id == user.id
    finally:
        await stores.database.fetch("update users set username = %s where id = %s", (squatter.username, squatter.id))


async def test_a_taken_name_or_address_changes_nothing_and_audits_nothing(stores: Stores, user: User) -> None:
    refused = act()
    assert not await stores.accounts.add_user(someone(username=user.username), "h", refused)
    assert not await stores.accounts.add_user(someone(email=user.email), "h", refused)
    assert await stores.audited(refused.request_id) == []


async def test_a_session_lives_until_it_is_ended_or_expires(stores: Stores, user: User) -> None:
    opened, ended = act("signed_in"), act("signed_out")
    session = session_of(user)
    await stores.accounts.open_session(session, opened)
    live = await stores.accounts.live_session(session.id)
    assert live is not None and live.user.id == user.id and live.user.last_login is not None
    assert await stores.accounts.count_sessions(user.id) == 1
    assert await stores.accounts.end_session(session.id, ended)
    assert not await stores.accounts.end_session(session.id, ended)
    assert await stores.accounts.live_session(session.id) is None
    assert await stores.audited(opened.request_id) == ["signed_in"]
    assert await stores.audited(ended.request_id) == ["signed_out"]
    old = session_of(user, hours=-1)
    await stores.accounts.open_session(old, act())
    assert await stores.accounts.live_session(old.id) is None
    assert await stores.accounts.count_sessions(user.id) == 0


async def test_all_sessions_of_an_account_end_together(stores: Stores, user: User) -> None:
    sessions = [session_of(user) for _ in range(3)]
    for session in sessions:
        await stores.accounts.open_session(session, act())
    assert await stores.accounts.end_sessions(user.id, act())
    assert [await stores.accounts.live_session(session.id) for session in sessions] == [None] * 3


async def test_of_twenty_refreshes_at_once_one_succeeds(stores: Stores, user: User) -> None:
    first = os.urandom(32)
    session = session_of(user, refresh_hash=first)
    await stores.accounts.open_session(session, act())
    answers = await asyncio.gather(
        *(stores.accounts.rotate(session.id, first, os.urandom(32), 60, act(), act(), nobody) for _ in range(20))
    )
    assert Counter(answers) == {"rotated": 1, "raced": 19}
    assert await stores.accounts.live_session(session.id) is not None


async def test_a_refresh_token_that_comes_back_later_ends_the_session(stores: Stores, user: User) -> None:
    first, second, third = (os.urandom(32) for _ in range(3))
    session = session_of(user, refresh_hash=first)
    await stores.accounts.open_session(session, act())
    turned, theft = act("token_refreshed"), act("refresh_token_reused")
    assert await stores.accounts.rotate(session.id, first, second, 0, turned, theft, nobody) == "rotated"
    assert await stores.accounts.rotate(session.id, first, third, 0, turned, theft, nobody) == "reused"
    assert await stores.audited(turned.request_id) == ["token_refreshed"]
    assert await stores.audited(theft.request_id) == ["refresh_token_reused"]
    assert await stores.accounts.live_session(session.id) is None
    assert await stores.accounts.rotate(session.id, second, third, 0, turned, theft, nobody) == "ended"


async def test_the_grace_is_for_the_last_token_alone(stores: Stores, user: User) -> None:
    hashes = [os.urandom(32) for _ in range(4)]
    session = session_of(user, refresh_hash=hashes[0])
    await stores.accounts.open_session(session, act())
    for old, new in itertools.pairwise(hashes[:3]):
        assert await stores.accounts.rotate(session.id, old, new, 60, act(), act(), nobody) == "rotated"
    assert await stores.accounts.rotate(session.id, hashes[1], hashes[3], 60, act(), act(), nobody) == "raced"
    assert await stores.accounts.rotate(session.id, hashes[0], hashes[3], 60, act(), act(), nobody) == "reused"


@pytest.fixture
async def by(stores: Stores, user: User) -> str:
    """The session that makes keys."""
    session = session_of(user)
    assert await stores.accounts.open_session(session, act())
    return session.id


async def test_keys_are_found_by_their_hash_until_they_are_revoked(stores: Stores, user: User, by: str) -> None:
    secret = os.urandom(32)
    key = ApiKey(id=str(uuid4()), user_id=user.id, name="k", prefix="trawl_x", created_at=datetime.now(UTC))
    kept = await stores.accounts.add_key(key, secret, act(), 50, by)
    assert isinstance(kept, ApiKey) and (kept.id, kept.name, kept.last_used, kept.scopes) == (key.id, "k", None, None)
    found = await stores.accounts.by_key(secret, "192.0.2.9")
    assert found is not None and (found.id, found.expires_at, found.user.id) == (key.id, None, user.id)
    listed = await stores.accounts.keys(user.id)
    assert [each.id for each in listed] == [key.id] and listed[0].last_used is not None
    assert listed[0].last_address == "192.0.2.9"
    stranger, revoked = act(), act("api_key_revoked")
    assert not await stores.accounts.revoke_key(str(uuid4()), key.id, stranger)
    assert await stores.accounts.revoke_key(user.id, key.id, revoked)
    assert not await stores.accounts.revoke_key(user.id, key.id, revoked)
    assert await stores.audited(stranger.request_id) == []
    assert await stores.audited(revoked.request_id) == ["api_key_revoked"]
    assert await stores.accounts.by_key(secret) is None
    assert await stores.accounts.keys(user.id) == []


async def test_an_expired_key_is_not_found(stores: Stores, user: User, by: str) -> None:
    secret, past = os.urandom(32), datetime.now(UTC) - timedelta(seconds=1)
    key = ApiKey(id=str(uuid4()), user_id=user.id, name="k", prefix="p", created_at=past, expires_at=past)
    await stores.accounts.add_key(key, secret, act(), 50, by)
    assert await stores.accounts.by_key(secret) is None


async def test_a_key_keeps_its_scopes(stores: Stores, user: User, by: str) -> None:
    secret = os.urandom(32)
    key = ApiKey(id=str(uuid4()), user_id=user.id, name="k", prefix="p", created_at=datetime.now(UTC),
                 scopes=("read_data",))  # fmt: skip
    kept, found = await stores.accounts.add_key(key, secret, act(), 50, by), await stores.accounts.by_key(secret)
    assert isinstance(kept, ApiKey) and found is not None and kept.scopes == found.scopes == ("read_data",)
    assert (await stores.accounts.keys(user.id))[0].scopes == ("read_data",)


async def test_an_account_has_so_many_keys_however_many_are_made_at_once(stores: Stores, user: User, by: str) -> None:
    async def make(**fields: Any) -> ApiKey | str:
        key = ApiKey(id=str(uuid4()), user_id=user.id, name="k", prefix="p", created_at=datetime.now(UTC), **fields)
        return await stores.accounts.add_key(key, os.urandom(32), act(), 3, by)

    await make(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    made = [key for key in await asyncio.gather(*(make() for _ in range(12))) if isinstance(key, ApiKey)]
    assert len(made) == 3 and await make() == "full"
    assert await stores.accounts.revoke_key(user.id, made[0].id, act()) and isinstance(await make(), ApiKey)
    assert await stores.accounts.end_session(by, act()) and await make() == "ended"


async def test_a_link_lets_in_once_however_many_try(stores: Stores, user: User) -> None:
    link, opened = os.urandom(32), act("signed_in")
    await stores.accounts.add_link(link, user.id, datetime.now(UTC) + timedelta(minutes=1), act())
    sessions: list[Session] = []

    def open_for(found: User) -> tuple[Session, Act]:
        sessions.append(session_of(found))
        return sessions[-1], opened

    answers = await asyncio.gather(*(stores.accounts.use_link(link, open_for) for _ in range(10)))
    assert sum(answer is not None for answer in answers) == 1
    assert await stores.audited(opened.request_id) == ["signed_in"]
    assert await stores.accounts.count_sessions(user.id) == 1


async def test_an_old_link_lets_nobody_in(stores: Stores, user: User) -> None:
    link = os.urandom(32)
    await stores.accounts.add_link(link, user.id, datetime.now(UTC) - timedelta(seconds=1), act())
    assert await stores.accounts.use_link(link, lambda found: (session_of(found), act())) is None


async def test_what_still_counts_is_told_with_the_role(stores: Stores, user: User) -> None:
    good, bad = session_of(user), session_of(user)
    for session in (good, bad):
        await stores.accounts.open_session(session, act())
    await stores.accounts.end_session(bad.id, act())
    key = ApiKey(id=str(uuid4()), user_id=user.id, name="k", prefix="p", created_at=datetime.now(UTC))
    await stores.accounts.add_key(key, os.urandom(32), act(), 50, good.id)
    answer = await stores.accounts.standing([good.id, bad.id, key.id, str(uuid4())])
    assert {each: standing.role for each, standing in answer.items()} == {good.id: "analyst", key.id: "analyst"}


async def test_a_note_is_audited(stores: Stores) -> None:
    noted = act("sign_in_refused")
    await stores.accounts.note(noted)
    assert await stores.audited(noted.request_id) == ["sign_in_refused"]
