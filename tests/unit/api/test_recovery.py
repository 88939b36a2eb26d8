"""A lost password, a new device, and what the owner is told."""

import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from api.auth import password_rules
from api.errors import ApiError
from schemas.events import RequestLog
from tests.unit.api.conftest import PASSWORD, Client, World, running
from tests.unit.api.test_brute_force import Elsewhere

ASK, CONFIRM, OTHER = "/auth/password-reset", "/auth/password-reset/confirm", "tall-river-quiet-77"
OURS = {"Origin": "http://gateway.test"}


def choice(token: str, password: str = OTHER) -> dict[str, str]:
    return {"token": token, "new_password": password, "confirm_password": password}


async def link(client: Client, username: str = "anna") -> str:
    """The token that was mailed."""
    answer = await client.http.post(ASK, json={"email": f"{username}@example.com"})
    assert answer.status_code == 202
    found = re.search(r"https?://\S+/reset-password/(\S+)", client.world.accounts.mails[-1].text)
    assert found is not None
    return found[1]


async def signs_in(client: Client, password: str) -> bool:
    answer = await client.http.post("/auth/login", json={"username": "anna", "password": password})
    return answer.status_code == 200


async def test_a_link_leads_to_a_new_password_once(client: Client) -> None:
    anna = await client.headers("anna")
    token = await link(client)
    assert token not in str(client.world.accounts.links) + str(client.world.accounts.acts)
    mismatch = await client.http.post(CONFIRM, json={**choice(token), "confirm_password": "another"})
    weak = await client.http.post(CONFIRM, json=choice(token, "anna-anna-12"))
    assert (mismatch.status_code, weak.status_code) == (422, 422), "the link stays good"
    assert (await client.http.post(CONFIRM, json=choice(token))).status_code == 200
    assert (await client.http.get("/auth/me", headers=anna)).status_code == 401
    assert not await signs_in(client, PASSWORD) and await signs_in(client, OTHER)
    again = await client.http.post(CONFIRM, json=choice(token))
    made_up = await client.http.post(CONFIRM, json=choice("made-up"))
    assert again.status_code == 401 and {**again.json(), "metadata": 0} == {**made_up.json(), "metadata": 0}
    assert client.world.accounts.mails[-1].kind == "password_changed"


async def test_a_link_is_good_for_half_an_hour_and_only_the_newest_sets_the_password(client: Client) -> None:
    first, second = await link(client), await link(client)
    assert (await client.http.post(CONFIRM, json=choice(second))).status_code == 200
    assert (await client.http.post(CONFIRM, json=choice(first))).status_code == 401
    late = await link(client)
    client.world.accounts.clock = lambda: datetime.now(UTC) + timedelta(minutes=31)
    assert (await client.http.post(CONFIRM, json=choice(late))).status_code == 401


async def test_nobody_learns_who_has_an_account(world: World) -> None:
    world.accounts.change(world.ids["otto"], status="disabled")
    async with running(world, quiet_answer=0.05) as client:
        answers, times = [], []
        for email in ("anna@example.com", "nobody@example.com", "otto@example.com", "anna", "not an address"):
            began = time.perf_counter()
            answers.append(await client.http.post(ASK, json={"email": email}))
            times.append(time.perf_counter() - began)
        assert {answer.status_code for answer in answers} == {202}
        assert len({str({**answer.json(), "metadata": 0}) for answer in answers}) == 1
        assert min(times) >= 0.05
        assert [mail.recipient for mail in world.accounts.mails] == ["anna@example.com"]


async def test_no_link_is_promised_where_no_mail_is_sent(world: World) -> None:
    async with running(world, mail=False) as client:
        answers = [await client.http.post(ASK, json={"email": f"{name}@example.com"}) for name in ("anna", "nobody")]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert len({str({**answer.json(), "metadata": 0}) for answer in answers}) == 1, "and nobody learns who is there"
    assert "administrator" in answers[0].json()["error"]["details"]["reason"]
    assert world.accounts.mails == [] and not world.accounts.links


async def test_nobody_is_buried_in_mail(world: World) -> None:
    async with running(world, quiet_answer=0.0) as client:
        statuses = [(await client.http.post(ASK, json={"email": "anna@example.com"})).status_code for _ in range(12)]
    assert statuses == [202] * 10 + [429] * 2 and len(world.accounts.mails) == 3


async def test_mail_leads_where_the_gateway_is_and_not_where_a_request_says(world: World) -> None:
    async with running(world, quiet_answer=0.0, home_url="https://trawl.example") as client:
        await client.http.post(ASK, json={"email": "anna@example.com"}, headers={"Host": "evil.example"})
        text = world.accounts.mails[-1].text
    assert "https://trawl.example/reset-password/" in text and "evil" not in text


async def test_the_page_behind_the_link(client: Client) -> None:
    token = await link(client)
    path = f"/reset-password/{token}"
    for _ in range(2):  # looking spends nothing
        page = await client.http.get(path)
        assert page.status_code == 200 and "<script" not in page.text and page.headers["cache-control"] == "no-store"
    form = {"new_password": OTHER, "confirm_password": OTHER}
    assert (await client.http.post(path, data=form, headers={"Origin": "https://evil.example"})).status_code == 403
    refused = await client.http.post(path, data=form | {"confirm_password": "x"}, headers=OURS)
    assert refused.status_code == 422 and 'role="alert"' in refused.text and OTHER not in refused.text
    assert (await client.http.post(path, data=form, headers=OURS)).status_code == 200
    assert (await client.http.post(path, data=form, headers=OURS)).status_code == 401
    assert await signs_in(client, OTHER)
    logged = [event.path for event in client.world.telemetry.events if isinstance(event, RequestLog)]
    assert token not in str(client.world.telemetry.events) and "/reset-password/{token}" in logged
    assert urlsplit(path).path == path


async def test_who_reads_the_accounts_mail_gets_in_past_whoever_guesses(client: Client) -> None:
    strangers = Elsewhere(client.app)
    for _ in range(11):
        await strangers.login("203.0.113.5", "anna", "wrong")
    assert not await signs_in(client, PASSWORD), "from a new place, while strangers guess"
    assert (await client.http.post(CONFIRM, json=choice(await link(client)))).status_code == 200
    assert await signs_in(client, OTHER)


async def test_a_new_device_is_told_to_the_owner(client: Client) -> None:
    await client.headers("anna")
    assert client.world.accounts.mails == [], "the first one is no surprise"
    await client.headers("anna")
    strangers = Elsewhere(client.app)
    assert (await strangers.login("203.0.113.5", "anna", PASSWORD)).status_code == 200
    [mail] = client.world.accounts.mails
    assert (mail.kind, mail.recipient) == ("new_device", "anna@example.com") and "203.0.113.5" in mail.text
    assert client.world.accounts.acts[-1].details["new_device"] is True


async def test_a_refresh_token_that_two_have_is_told_to_the_owner(world: World) -> None:
    async with running(world, rotation_grace=0.0) as client:
        found = (await client.http.post("/api/v1/auth/login", json={"username": "anna", "password": PASSWORD})).json()
        for status in (200, 401):
            answer = await client.http.post("/auth/refresh", json={"refresh_token": found["refresh_token"]})
            assert answer.status_code == status
    assert [mail.kind for mail in world.accounts.mails] == ["refresh_reuse"]
    assert world.accounts.acts[-1].action == "refresh_token_reused"


@pytest.mark.parametrize(
    "password", ["short", "password1234", "PASSWORD1234", "aaaaaaaaaaaa", "abababababab", "abcdefghijkl",
                 "zyxwvutsrqpo", "annalena2026", "x" * 1001]
)  # fmt: skip
def test_a_password_that_is_tried_first_is_not_taken(password: str) -> None:
    with pytest.raises(ApiError):
        password_rules.check(password, "annalena", "annalena@example.com")


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "SecurePassword123!", "NewSecurePassword123!", "пароль из слов", "🐟" * 3 + "abcdefgh9"],
)
def test_length_is_what_counts_and_no_kinds_of_characters(password: str) -> None:
    password_rules.check(password, "annalena", "annalena@example.com")
