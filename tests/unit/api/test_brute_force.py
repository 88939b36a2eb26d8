"""Guessing passwords, codes and who has an account."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.auth.attempts import ACCOUNT, NETWORK, Allowance, admit, forgive, locked, network_of
from api.edge.addresses import networks
from schemas.accounts import Tally
from tests.unit.api.conftest import PASSWORD, Client, World, running

NOW = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
LOGIN = "/auth/login"


def waits(allowance: Allowance, tries: int) -> list[float]:
    """The wait after each of so many wrong tries, each made as soon as it may be."""
    tallies: dict[str, Tally] = {}
    now, found = NOW, []
    for _ in range(tries):
        verdict = admit(tallies, {"x": allowance}, now)
        assert verdict.wait == 0
        tallies |= verdict.tallies
        blocked = tallies["x"].blocked_until
        found.append((blocked - now).total_seconds() if blocked else 0.0)
        now = blocked or now
    return found


def test_ten_are_free_and_then_each_waits_twice_as_long_up_to_an_hour() -> None:
    assert waits(ACCOUNT, 18) == [0] * 9 + [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_day_of_guessing_is_some_thirty_guesses() -> None:
    found, tries = 0.0, 0
    for wait in waits(ACCOUNT, 60):
        found, tries = found + wait, tries + 1
        if found > 86_400:
            break
    assert tries < 45


def test_trying_on_while_one_must_wait_makes_it_no_longer() -> None:
    blocked = {"x": Tally(failures=10, last_at=NOW, blocked_until=NOW + timedelta(seconds=60))}
    verdict = admit(blocked, {"x": ACCOUNT, "y": NETWORK}, NOW + timedelta(seconds=59))
    assert verdict.wait == 1 and not verdict.tallies
    assert admit(blocked, {"x": ACCOUNT}, NOW + timedelta(seconds=60)).wait == 0


def test_a_day_without_tries_is_a_new_beginning_and_a_right_one_too() -> None:
    old = {"x": Tally(failures=500, last_at=NOW)}
    assert admit(old, {"x": ACCOUNT}, NOW + timedelta(days=1, seconds=1)).tallies["x"].failures == 1
    assert forgive(old, frozenset("x"), frozenset()).tallies["x"] == Tally()


def test_an_account_of_ones_own_buys_no_guesses_at_others() -> None:
    verdict = forgive({"net": Tally(failures=40, last_at=NOW)}, frozenset(("me",)), frozenset(("net",)))
    assert verdict.tallies["net"].failures == 39


def test_the_alarm_is_raised_once_in_a_row() -> None:
    before: dict[str, Tally] = {}
    raised, now = 0, NOW
    for _ in range(14):
        verdict = admit(before, {"x": ACCOUNT}, now)
        raised += locked(before, verdict, "x")
        before = before | dict(verdict.tallies)
        now = before["x"].blocked_until or now
    assert raised == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("x" * 500, "x" * 100),
    ],
)
def test_what_one_person_has_is_counted_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


class Elsewhere:
    """The same gateway, asked from other addresses."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def login(self, address: str, username: str, password: str) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:
            return await http.post(LOGIN, json={"username": username, "password": password})


async def wrong(client: Client, times: int, username: str = "anna", **headers: str) -> list[int]:
    body = {"username": username, "password": "wrong"}
    return [(await client.http.post(LOGIN, json=body, headers=headers)).status_code for _ in range(times)]


def later(client: Client, **more: Any) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(**more)


async def test_the_eleventh_wrong_password_is_a_429_that_a_restart_does_not_forget(world: World) -> None:
    async with running(world) as client:
        assert await wrong(client, 12) == [401] * 10 + [429] * 2
    async with running(world) as client, running(world) as replica:
        for one in (client, replica):
            answer = await one.http.post(LOGIN, json={"username": "anna", "password": PASSWORD})
            assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 60
            error = answer.json()["error"]
            assert error["code"] == "RATE_LIMIT_EXCEEDED" and error["details"]["retry_after"] <= 60
        world.accounts.clock = later(client, seconds=61)
        assert (await client.http.post(LOGIN, json={"username": "anna", "password": PASSWORD})).status_code == 200
        assert await wrong(client, 1) == [401], "the right one begins anew"
    [mail] = [mail for mail in world.accounts.mails if mail.kind == "lockout"]
    assert mail.recipient == "anna@example.com"
    assert [act.action for act in world.accounts.acts].count("sign_in_locked_out") == 1


async def inventive(client: Client) -> list[int]:
    """What somebody is told who tries everybody a little, each time from an address that is invented."""
    found = []
    for number in range(13):
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        found += await wrong(client, 4, f"user{number}", **forged)
    return found


async def test_an_invented_address_helps_nobody(client: Client) -> None:
    assert await inventive(client) == [401] * 50 + [429] * 2, "it is one address that is counted"


async def test_the_word_of_a_proxy_that_is_trusted_is_no_invention(world: World) -> None:
    async with running(world, trusted_proxies=networks(["192.0.2.7"])) as client:
        assert await inventive(client) == [401] * 52


async def test_names_that_nobody_has_are_counted_alike(client: Client) -> None:
    assert await wrong(client, 12, "nobody") == [401] * 10 + [429] * 2
    assert "nobody" not in str(client.world.attempts.tallies)


async def test_name_and_address_of_an_account_are_one_account(client: Client) -> None:
    assert await wrong(client, 5) + await wrong(client, 6, "ANNA@example.com") == [401] * 10 + [429]


async def test_an_address_that_tries_everybody_waits(client: Client) -> None:
    statuses = [status for number in range(13) for status in await wrong(client, 4, f"user{number}")]
    assert statuses == [401] * 50 + [429] * 2


async def test_nobody_is_kept_out_by_strangers(client: Client) -> None:
    await client.headers("anna")  # from the usual place
    strangers = Elsewhere(client.app)
    for _ in range(11):
        stranger = await strangers.login("203.0.113.5", "anna", "wrong")
    assert stranger.status_code == 429
    assert (await strangers.login("203.0.113.6", "anna", PASSWORD)).status_code == 429, "strangers wait everywhere"
    assert (await client.http.post(LOGIN, json={"username": "anna", "password": PASSWORD})).status_code == 200
    assert (await strangers.login("203.0.113.7", "otto", PASSWORD)).status_code == 200, "others do not"


async def test_a_known_place_is_no_free_pass_either(client: Client) -> None:
    await client.headers("anna")
    assert await wrong(client, 12) == [401] * 10 + [429] * 2


async def test_an_administrator_lets_somebody_try_again(client: Client) -> None:
    root = await client.headers("root")
    await wrong(client, 11)
    path = f"/api/v2/users/{client.world.ids['anna']}/unlock"
    assert (await client.http.post(path, headers=root)).status_code == 200
    await client.headers("anna")


async def test_what_was_never_looked_at_is_not_counted(client: Client) -> None:
    client.gateway.passwords._room = 0
    body = {"username": "anna", "password": "wrong"}
    assert {(await client.http.post(LOGIN, json=body)).status_code for _ in range(12)} == {503}
    client.gateway.passwords._room = 9
    assert await wrong(client, 1) == [401]


async def test_the_page_says_when_to_come_back(client: Client) -> None:
    await wrong(client, 10)
    form = {"username": "anna", "password": PASSWORD}
    page = await client.http.post("/sign-in", data=form, headers={"Origin": "http://gateway.test"})
    assert page.status_code == 429 and "Too many" in page.text and int(page.headers["retry-after"]) > 0
