"""Keys follow one another, and nobody is signed out."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api import main
from api.auth.signing import DAY, KeyRing
from api.auth.tokens import Tokens
from api.errors import ApiError
from infra.settings import Settings
from schemas.accounts import Act
from tests.unit.api.conftest import Client, World, running
from tests.unit.api.signing_fakes import FakeSigningKeys

ACT = Act(actor="test", action="signing_key_rotated")


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def replica(store: FakeSigningKeys, clock: Clock, seed: str = "a seed") -> Tokens:
    return Tokens(KeyRing(seed, store, believed_for=7 * DAY, clock=clock), "trawl", "trawl-api", clock)


async def test_the_command_line_believes_a_retired_key_for_as_long_as_a_session_may_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = FakeSigningKeys(), Settings(data=tmp_path, session_days=60)
    monkeypatch.setattr(main, "PostgresSigningKeys", lambda *_: store)
    (tmp_path / "secrets").mkdir()
    for name in ("signing_key", "dashboards_key", "seal_key"):
        (tmp_path / "secrets" / name).write_text(secrets.token_urlsafe(32))
    database: Any = None
    await main.rotate_signing_keys(database, settings)
    [retired] = [kid for kid, key in store.kept.items() if key.state == "retired"]
    for days, believed in ((50, True), (61, False)):
        store.kept[retired] = replace(store.kept[retired], since=datetime.now(UTC) - timedelta(days=days))
        await main.rotate_signing_keys(database, settings)
        assert (retired in store.kept) is believed


async def test_an_installation_begins_with_the_key_of_its_seed_and_another_waiting() -> None:
    store, clock = FakeSigningKeys(), Clock()
    before = Tokens(KeyRing("a seed", clock=clock), "trawl", "trawl-api", clock).issue("access", "u", "s", 60)
    first, second = replica(store, clock), replica(store, clock, "another replica's seed")
    await asyncio.gather(first.ring.refresh(), second.ring.refresh())
    assert sorted(key.state for key in store.kept.values()) == ["current", "next"]
    assert (await second.read("access", before)).user_id == "u"
    assert first.ring.signing().kid == second.ring.signing().kid
    assert {key["kid"] for key in first.jwks()["keys"]} == set(store.kept)


async def test_nothing_is_signed_before_the_keys_are_known() -> None:
    with pytest.raises(ApiError) as caught:
        replica(FakeSigningKeys(), Clock()).issue("access", "u", "s", 60)
    assert caught.value.status_code == 503


async def test_tokens_outlive_the_key_that_signed_them_and_then_it_is_forgotten() -> None:
    store, clock = FakeSigningKeys(), Clock()
    tokens = replica(store, clock)
    await tokens.ring.refresh()
    old_key = tokens.ring.signing().kid
    old = {kind: tokens.issue(kind, "u", "s", 7 * DAY) for kind in ("access", "refresh", "browser")}
    waiting = next(key.kid for key in store.kept.values() if key.state == "next")
    assert await tokens.ring.rotate(ACT)
    assert tokens.ring.signing().kid == waiting and old_key != waiting
    for kind, token in old.items():
        assert (await tokens.read(kind, token)).user_id == "u"  # type: ignore[arg-type]
    assert sorted(key.state for key in store.kept.values()) == ["current", "next", "retired"]
    assert len(tokens.jwks()["keys"]) == 3
    clock.now += 7 * DAY + 301
    assert len(tokens.jwks()["keys"]) == 2 and tokens.ring.get(old_key) is None
    await tokens.ring.rotate(ACT)
    assert old_key not in store.kept


async def test_a_retired_key_signs_nothing_new() -> None:
    store, clock = FakeSigningKeys(), Clock()
    thief, tokens = replica(store, clock), replica(store, clock)
    await thief.ring.refresh()
    await tokens.ring.refresh()
    await tokens.ring.rotate(ACT)
    clock.now += 400
    with pytest.raises(ApiError):
        await tokens.read("access", thief.issue("access", "u", "s", 60))


async def test_another_replica_learns_a_new_key_when_it_meets_it_but_asks_once_a_second() -> None:
    store, clock = FakeSigningKeys(), Clock()
    here, there = replica(store, clock), replica(store, clock)
    await here.ring.refresh()
    await there.ring.refresh()
    await here.ring.rotate(ACT)
    await here.ring.rotate(ACT)  # twice: the key that signs now was not even waiting when the other one looked
    token = here.issue("access", "u", "s", 60)
    clock.now += 2
    asked = store.asked
    assert (await there.read("access", token)).user_id == "u"
    foreign = Tokens(KeyRing("foreign", clock=clock), "trawl", "trawl-api", clock)

    async def refused() -> None:
        with pytest.raises(ApiError):
            await there.read("access", foreign.issue("access", "u", "s", 60))

    await asyncio.gather(*(refused() for _ in range(50)))
    assert store.asked == asked + 1
    clock.now += 1
    await asyncio.gather(*(refused() for _ in range(50)))
    assert store.asked == asked + 2


async def test_a_key_that_is_taken_away_is_believed_no_more_even_what_was_believed_before() -> None:
    store, clock = FakeSigningKeys(), Clock()
    tokens = replica(store, clock)
    await tokens.ring.refresh()
    token = tokens.issue("access", "u", "s", 60)
    await tokens.read("access", token)
    await tokens.ring.rotate(ACT)
    store.hidden.add(next(kid for kid, key in store.kept.items() if key.state == "retired"))
    await tokens.ring.refresh()
    with pytest.raises(ApiError):
        tokens.believed("access", token)


async def test_after_a_leak_nothing_that_was_signed_is_good() -> None:
    store, clock = FakeSigningKeys(), Clock()
    tokens = replica(store, clock)
    await tokens.ring.refresh()
    token = tokens.issue("refresh", "u", "s", 60)
    await tokens.ring.rotate(ACT, forget=True)
    with pytest.raises(ApiError):
        await tokens.read("refresh", token)


async def test_of_many_replicas_one_rotates_when_it_is_time() -> None:
    store, clock = FakeSigningKeys(), Clock()
    replicas = [replica(store, clock) for _ in range(5)]
    await asyncio.gather(*(each.ring.refresh() for each in replicas))
    assert not any([await each.ring.rotate_if_due() for each in replicas])
    clock.now += 90 * DAY
    done = await asyncio.gather(*(each.ring.rotate_if_due() for each in replicas))
    assert sum(done) == 1 and len(store.acts) == 2


async def test_keys_that_nobody_can_open_are_replaced_at_the_start_and_never_meanwhile() -> None:
    store, clock = FakeSigningKeys(), Clock()
    running_one = replica(store, clock)
    await running_one.ring.refresh()
    store.hidden |= set(store.kept)
    await running_one.ring.refresh()
    assert len(store.kept) == 2 and running_one.ring.signing().kid in store.hidden
    new = replica(store, clock)
    await new.ring.refresh()
    assert new.ring.signing().kid not in store.hidden


async def test_the_gateway_publishes_the_next_key_before_it_signs(client: Client, world: World) -> None:
    headers = await client.headers("anna")
    async with running(world) as other:
        await client.gateway.tokens.ring.rotate(ACT)
        for each in (client, other):
            assert (await each.http.get("/api/v1/auth/me", headers=headers)).status_code == 200
        fresh = await client.headers("anna")
        assert (await other.http.get("/api/v1/auth/me", headers=fresh)).status_code == 200
    published: dict[str, Any] = (await client.http.get("/.well-known/jwks.json")).json()
    assert {key["kid"] for key in published["keys"]} == set(world.signing.kept) and len(world.signing.kept) == 3
    assert all("d" not in key for key in published["keys"])


async def test_it_starts_without_a_store(world: World) -> None:
    async def away() -> Any:
        raise TimeoutError

    world.signing.all = away  # type: ignore[method-assign]
    async with running(world) as client:
        assert (await client.http.get("/")).status_code == 200
