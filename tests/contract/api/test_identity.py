"""What every store of users, second factors and failed tries promises."""

import asyncio
import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.auth.attempts import Allowance, admit, forgive
from api.auth.permissions import ROLES
from api.ports.users import Attempts, Factors, Users
from infra.errors import StoreRefused
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.attempts import PostgresAttempts
from infra.postgres.factors import PostgresFactors
from infra.postgres.mailbox import Mailbox
from infra.postgres.users import PostgresUsers
from infra.sealing import Seal
from schemas.accounts import ApiKey, Session, Tally, User, UserChange, Verdict
from schemas.mail import Mail
from tests.contract.api.conftest import Stores
from tests.contract.api.test_accounts import act, session_of, someone
from tests.unit.api.users_fakes import FakeAttempts, FakeFactors, FakeUsers


@dataclass
class Identity:
    """The stores of one kind."""

    stores: Stores
    users: Users
    factors: Factors
    attempts: Attempts

    async def posted(self, recipient: str) -> list[str]:
        """The kinds of mail that wait for somebody."""
        if self.stores.database is None:
            mails = self.stores.accounts.mails  # type: ignore[attr-defined]
            return [mail.kind for mail in mails if mail.recipient == recipient]
        query = b"select kind from mails where recipient = %s order by created_at"
        return [row["kind"] for row in await self.stores.database.fetch(query, (recipient,))]


@pytest.fixture
def identity(stores: Stores) -> Identity:
    """Users, factors and tallies beside the accounts, with a mailbox."""
    if stores.database is None:
        accounts: Any = stores.accounts
        return Identity(stores, FakeUsers(accounts), FakeFactors(accounts), FakeAttempts(accounts))
    seal = Seal(base64.urlsafe_b64encode(bytes(32)).decode())
    box, database = Mailbox(seal), stores.database
    stores = replace(stores, accounts=PostgresAccounts(database, box))
    return Identity(
        stores, PostgresUsers(database, box), PostgresFactors(database, seal, box), PostgresAttempts(database, box)
    )


async def added(identity: Identity, **fields: Any) -> User:
    user = someone(**fields)
    assert await identity.stores.accounts.add_user(user, "a hash", act())
    return user


def mail_to(user: User, kind: str = "told") -> Mail:
    return Mail(kind=kind, recipient=str(user.email), subject="s", text="t")


async def test_the_store_and_the_documentation_have_the_same_table_of_roles(stores: Stores) -> None:
    if stores.database is None:
        pytest.skip("the fake reads the table itself")
    rows = await stores.database.fetch("select name, permissions from roles order by rank")
    assert {row["name"]: tuple(row["permissions"]) for row in rows} == ROLES
    with pytest.raises(StoreRefused):
        await stores.database.fetch("update roles set permissions = '{admin}'")


async def test_an_account_may_do_what_its_role_may_and_what_it_was_granted(identity: Identity) -> None:
    user = await added(identity, role="viewer", granted=("export_data",))
    accounts, session = identity.stores.accounts, session_of(user)
    await accounts.open_session(session, act())
    live = await accounts.live_session(session.id)
    assert live and set(live.user.permissions) == {"read_data", "export_data"} and live.user.granted == ("export_data",)
    changed = UserChange(first_name="Ada", role="analyst", granted=())
    assert await identity.users.change(user.id, changed, act()) == "changed"
    standing = (await accounts.standing([session.id]))[session.id]
    assert (standing.role, standing.permissions) == ("analyst", frozenset(ROLES["analyst"]))
    found = await accounts.user(user.id)
    assert found and (found.first_name, found.last_name, found.email, found.granted) == ("Ada", "", user.email, ())


async def test_accounts_come_in_pages(identity: Identity) -> None:
    made = [await added(identity, role="senior_analyst", username=f"page-{n}-{uuid4()}") for n in range(3)]
    asked: dict[str, Any] = {"role": "senior_analyst", "status": "active", "sort_by": "username"}
    seen: list[str] = []
    offset = 0
    while True:
        users, total = await identity.users.page(**asked, descending=True, offset=offset, limit=2)
        if not users:
            break
        seen += [user.id for user in users]
        offset += 2
    assert len(seen) == total == len(set(seen))
    mine = [user for user in seen if user in {each.id for each in made}]
    assert mine == [user.id for user in reversed(made)]
    for sort_by in ("created_at", "last_login", "email", "role", "status"):
        users, _ = await identity.users.page(**asked | {"sort_by": sort_by}, descending=False, offset=0, limit=1000)
        assert {user.id for user in users} == set(seen)


async def test_an_address_that_another_one_has_changes_nothing(identity: Identity) -> None:
    one, other, refused = await added(identity), await added(identity), act()
    change = UserChange(email=other.email, first_name="Not")
    assert await identity.users.change(one.id, change, refused) == "taken"
    found = await identity.stores.accounts.user(one.id)
    assert found and (found.email, found.first_name) == (one.email, "")
    assert await identity.users.change(str(uuid4()), UserChange(first_name="x"), refused) == "gone"
    assert await identity.stores.audited(refused.request_id) == []


async def administrators(identity: Identity) -> list[User]:
    found, _ = await identity.users.page(
        role="admin", status="active", sort_by="username", descending=False, offset=0, limit=100
    )
    return found


async def test_of_the_last_two_administrators_one_stays_however_many_leave_at_once(identity: Identity) -> None:
    others = await administrators(identity)
    admins = [await added(identity, role="admin") for _ in range(2)]
    for other in others:
        assert await identity.users.change(other.id, UserChange(role="viewer"), act()) == "changed"
    try:
        answers = await asyncio.gather(
            identity.users.change(admins[0].id, UserChange(role="viewer"), act()),
            identity.users.remove(admins[1].id, act()),
            identity.users.change(admins[0].id, UserChange(status="locked"), act()),
            identity.users.remove(admins[0].id, act()),
        )
        assert "last_administrator" in answers
        assert len(await administrators(identity)) == 1
    finally:
        for other in others:
            await identity.users.change(other.id, UserChange(role="admin"), act())


async def test_who_is_disabled_or_removed_is_signed_out(identity: Identity) -> None:
    accounts = identity.stores.accounts
    for how in ("disabled", "removed"):
        user = await added(identity)
        session = session_of(user)
        await accounts.open_session(session, act())
        if how == "removed":
            assert await identity.users.remove(user.id, act("user_removed")) == "removed"
            assert await identity.users.remove(user.id, act()) == "gone"
        else:
            assert await identity.users.change(user.id, UserChange(status="disabled"), act()) == "changed"
            assert await identity.users.change(user.id, UserChange(status="active"), act()) == "changed"
        assert await accounts.live_session(session.id) is None  # not even when it is active again
    assert await accounts.user(user.id) is None


async def test_a_new_password_ends_the_other_sessions_and_the_links(identity: Identity) -> None:
    user, accounts = await added(identity), identity.stores.accounts
    mine, other, link = session_of(user), session_of(user), os.urandom(32)
    for session in (mine, other):
        await accounts.open_session(session, act())
    await accounts.add_link(link, user.id, datetime.now(UTC) + timedelta(hours=1), act(), purpose="reset")
    told = act("password_changed")
    done = await identity.users.set_password(user.id, "new hash", told, keep=mine.id, mail=mail_to(user))
    assert done == "set"
    assert await accounts.live_session(mine.id) and not await accounts.live_session(other.id)
    found = await accounts.credential(user.username)
    assert found and found.password_hash == "new hash" and found.user.password_expires is None
    assert await identity.users.reset_password(link, "x", lambda _: (act(), None), (b"d", "n")) is None
    assert await identity.posted(str(user.email)) == ["told"]
    assert await identity.stores.audited(told.request_id) == ["password_changed"]
    assert await identity.users.set_password(str(uuid4()), "h", act()) == "gone"


async def test_a_link_to_a_new_password_works_once_and_only_for_that(identity: Identity) -> None:
    user, accounts, link = await added(identity), identity.stores.accounts, os.urandom(32)
    session = session_of(user)
    await accounts.open_session(session, act())
    ends = datetime.now(UTC) + timedelta(minutes=30)
    await accounts.add_link(link, user.id, ends, act(), purpose="reset", mail=mail_to(user, "password_reset"))

    def entered(found: User) -> tuple[Session, Any]:
        return session_of(found), act()

    assert await accounts.use_link(link, entered) is None, "it is no way in"
    told = act("password_reset")
    device = (os.urandom(32), "203.0.113.77")
    answers = await asyncio.gather(
        *(identity.users.reset_password(link, f"hash {n}", lambda _: (told, None), device) for n in range(10))
    )
    assert sum(answer is not None for answer in answers) == 1
    assert await identity.stores.audited(told.request_id) == ["password_reset"]
    assert await accounts.live_session(session.id) is None
    assert await accounts.known_network(user.id, "203.0.113.77")
    assert await identity.posted(str(user.email)) == ["password_reset"]


async def test_a_device_that_is_new_is_told_of_and_one_that_is_known_is_not(identity: Identity) -> None:
    user, accounts = await added(identity), identity.stores.accounts
    for device, warned in ((b"a", 0), (b"b", 1), (b"a", 1)):
        session = replace(session_of(user), device=device, network="192.0.2.1")
        await accounts.open_session(session, act(), mail_to(user, "new_device"))
        assert len(await identity.posted(str(user.email))) == warned
    assert await accounts.known_network(user.id, "192.0.2.1")
    assert not await accounts.known_network(user.id, "192.0.2.2") and not await accounts.known_network(
        None, "192.0.2.1"
    )


async def test_a_session_that_nobody_uses_is_over(identity: Identity) -> None:
    user, accounts = await added(identity), identity.stores.accounts
    used, left = session_of(user), replace(session_of(user), idle_lifetime=0)
    for session in (used, left):
        await accounts.open_session(session, act())
    assert await accounts.live_session(left.id) is None and await accounts.live_session(used.id) is not None
    shown = await accounts.devices(user.id)
    assert [(device.id, device.user_agent, device.how) for device in shown] == [(used.id, "Tests/1", "password")]
    assert not await accounts.end_device(str(uuid4()), used.id, act())
    assert await accounts.end_device(user.id, used.id, act()) and await accounts.devices(user.id) == []


async def test_activity_is_what_the_log_says(identity: Identity) -> None:
    user = await added(identity)
    assert (await identity.users.activity(user.id)).total_logins == 0
    for action, object in (("signed_in", "s"), ("job_created", "j"), ("job_cancelled", "j"), ("job_created", "k")):
        await identity.stores.accounts.note(replace(act(action), actor=user.id, object=object))
    found = await identity.users.activity(user.id)
    assert (found.total_logins, found.jobs_managed, found.reports_created) == (1, 2, 0)


async def test_an_account_was_active_when_a_session_or_key_of_it_was_last_used(identity: Identity) -> None:
    user, accounts = await added(identity), identity.stores.accounts
    assert (await identity.users.activity(user.id)).last_active is None
    session, secret = session_of(user), os.urandom(32)
    await accounts.open_session(session, act())
    opened = (await identity.users.activity(user.id)).last_active
    assert opened and opened == (await accounts.devices(user.id))[0].last_seen
    key = ApiKey(id=str(uuid4()), user_id=user.id, name="k", prefix="p", created_at=datetime.now(UTC))
    kept = await accounts.add_key(key, secret, act(), 50, session.id)
    assert isinstance(kept, ApiKey) and (await identity.users.activity(user.id)).last_active == opened
    assert await accounts.by_key(secret, "192.0.2.9")
    [used] = await accounts.keys(user.id)
    assert used.last_used and used.last_used > opened
    assert (await identity.users.activity(user.id)).last_active == used.last_used


async def enabled(identity: Identity, codes: list[bytes]) -> User:
    user = await added(identity)
    assert await identity.factors.set_up(user.id, "OLD", b"salt", [b"old"], act())
    assert await identity.factors.set_up(user.id, "SECRET", b"salt", codes, act("mfa_set_up"))
    assert await identity.factors.enable(user.id, 100, act(), mail_to(user))
    return user


async def test_a_factor_counts_once_it_was_shown_to_work(identity: Identity) -> None:
    user = await enabled(identity, [b"code"])
    found, known = await identity.factors.factor(user.id), await identity.stores.accounts.user(user.id)
    assert found and (found.secret, found.salt, found.enabled, found.last_step) == ("SECRET", b"salt", True, 100)
    assert known and known.mfa_enabled
    assert not await identity.factors.set_up(user.id, "ANOTHER", b"s", [], act())
    assert not await identity.factors.enable(user.id, 200, act(), None)
    assert not await identity.factors.spend_code(user.id, b"old", act(), None)
    assert [await identity.factors.remove(user.id, act(), None) for _ in range(2)] == ["removed", "none"]
    assert await identity.factors.remove(str(uuid4()), act(), None) == "gone"
    assert await identity.factors.factor(user.id) is None


async def test_of_twenty_uses_of_a_code_at_once_one_counts(identity: Identity) -> None:
    user, spent = await enabled(identity, [b"code"]), act("backup_code_used")
    codes = await asyncio.gather(*(identity.factors.spend_code(user.id, b"code", spent, None) for _ in range(20)))
    steps = await asyncio.gather(*(identity.factors.spend_step(user.id, 101) for _ in range(20)))
    assert (sum(codes), sum(steps)) == (1, 1)
    assert not await identity.factors.spend_step(user.id, 100), "an older one is spent with it"
    assert await identity.stores.audited(spent.request_id) == ["backup_code_used"]


async def test_a_factors_secret_opens_in_its_own_row_alone(identity: Identity) -> None:
    if identity.stores.database is None:
        pytest.skip("the fake seals nothing")
    one, other = await enabled(identity, []), await enabled(identity, [])
    database = identity.stores.database
    assert b"SECRET" not in bytes(
        (await database.fetch("select sealed from factors where user_id = %s", (one.id,)))[0]["sealed"]
    )
    await database.fetch(
        "update factors set sealed = (select sealed from factors where user_id = %s) where user_id = %s",
        (one.id, other.id),
    )
    with pytest.raises(StoreRefused):
        await identity.factors.factor(other.id)


async def test_nothing_is_done_to_an_account_that_is_another_by_now(identity: Identity) -> None:
    user, refused = await enabled(identity, [b"code"]), act()
    before = await identity.stores.accounts.credential(user.username)

    def still(now: User) -> bool:
        assert now.id == user.id and now.mfa_enabled
        return False

    assert await identity.users.set_password(user.id, "h", refused, mail=mail_to(user), still=still) == "overtaken"
    assert await identity.factors.remove(user.id, refused, mail_to(user), still) == "overtaken"
    assert await identity.attempts.clear(user.id, "", refused, still) == "overtaken"
    assert await identity.stores.accounts.credential(user.username) == before
    assert await identity.stores.audited(refused.request_id) == []
    assert await identity.posted(str(user.email)) == ["told"], "of the factor that was enabled"


async def test_of_thirty_tries_at_once_no_more_are_let_through_than_one_after_another(identity: Identity) -> None:
    name, allowance = f"test {uuid4()}", Allowance(free=10)

    def judge(tallies: Mapping[str, Tally], now: datetime) -> Verdict:
        return admit(tallies, {name: allowance}, now)

    verdicts = await asyncio.gather(*(identity.attempts.weigh([name], judge) for _ in range(30)))
    waits = [verdict.wait for verdict in verdicts if verdict.wait > 0]
    assert len(waits) == 20 and 50 < max(waits) <= 60

    def right(tallies: Mapping[str, Tally], now: datetime) -> Verdict:
        return forgive(tallies, frozenset((name,)), frozenset())

    await identity.attempts.weigh([name], right)
    assert (await identity.attempts.weigh([name], judge)).wait == 0


async def test_what_is_decided_about_a_try_is_written_down_with_it(identity: Identity) -> None:
    user, alarm, cleared, beginning = (
        await added(identity),
        act("sign_in_locked_out"),
        act("user_unlocked"),
        str(uuid4()),
    )
    tally = Tally(failures=10, last_at=datetime.now(UTC), blocked_until=datetime.now(UTC) + timedelta(hours=1))
    name = f"{beginning} account"
    verdict = Verdict(tallies={name: tally}, act=alarm, mail=mail_to(user, "lockout"))
    await identity.attempts.weigh([name], lambda tallies, now: verdict)
    assert await identity.stores.audited(alarm.request_id) == ["sign_in_locked_out"]
    assert await identity.posted(str(user.email)) == ["lockout"]
    assert await identity.attempts.clear(str(uuid4()), beginning, cleared) == "gone"
    assert await identity.attempts.clear(user.id, beginning, cleared) == "cleared"
    seen: list[Mapping[str, Tally]] = []

    def look(tallies: Mapping[str, Tally], now: datetime) -> Verdict:
        seen.append(tallies)
        return Verdict()

    await identity.attempts.weigh([name], look)
    assert seen == [{}] and await identity.stores.audited(cleared.request_id) == ["user_unlocked"]
