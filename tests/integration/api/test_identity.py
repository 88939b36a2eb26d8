"""Signing in at two gateways on one store: what one counts, ends or changes, the other knows."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pyotp
import pytest

from api.auth.factors import STEP_S
from infra.local.ports import free_port
from infra.postgres.pool import Database
from tests.integration.api.conftest import Served
from tests.integration.api.test_gateway import until_true

PASSWORD = "plum-orbit-canvas-42"


@pytest.fixture(scope="module")
def replica(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A second gateway beside the first."""
    port, metrics_port = free_port(), free_port()
    environ = served.environ | {"TRAWL_PORT": str(port), "TRAWL_METRICS_PORT": str(metrics_port)}
    found = replace(served, environ=environ, port=port, metrics_port=metrics_port, process=None,
                    folder=tmp_path_factory.mktemp("replica"))  # fmt: skip
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
async def root(served: Served, http: httpx.AsyncClient) -> dict[str, str]:
    return bearer(await login(http, "admin", served.password))


def bearer(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def login(http: httpx.AsyncClient, username: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return await http.post("/api/v1/auth/login", json={"username": username, "password": password, **more})


async def made(http: httpx.AsyncClient, root: dict[str, str], role: str = "analyst") -> tuple[str, str]:
    """A new account's name and address under `users`."""
    name = f"u-{uuid4().hex}"
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": role}
    answer = await http.post("/api/v2/users", headers=root, json=body)
    assert answer.status_code == 201, answer.text
    return name, f"/api/v2/users/{answer.json()['data']['id']}"


async def test_wrong_tries_are_counted_together_and_no_restart_forgets_them(
    served: Served, replica: Served, http: httpx.AsyncClient, root: dict[str, str], engines: Any
) -> None:
    name, path = await made(http, root)
    async with httpx.AsyncClient(base_url=replica.url, trust_env=False, timeout=60) as other:
        statuses = [(await login(each, name, "wrong")).status_code for each in (http, other) * 6]
        assert statuses == [401] * 10 + [429] * 2
        replica.stop(kill=True)
        await asyncio.to_thread(replica.start)
        for each in (http, other):
            kept = await login(each, name)
            assert kept.status_code == 429 and 1 <= int(kept.headers["retry-after"]) <= 60
        assert (await other.post(f"{path}/unlock", headers=root)).status_code == 200
        assert (await login(http, name)).status_code == 200
    async with Database(engines.postgres) as database:
        mails = await database.fetch("select kind, sealed from mails where recipient = %s", (f"{name}@example.com",))
        assert [mail["kind"] for mail in mails] == ["lockout"] and name.encode() not in bytes(mails[0]["sealed"])


async def test_what_ends_at_one_gateway_ends_at_the_other(
    replica: Served, http: httpx.AsyncClient, root: dict[str, str]
) -> None:
    name, path = await made(http, root)
    anna, other_device = bearer(await login(http, name)), bearer(await login(http, name))
    async with httpx.AsyncClient(base_url=replica.url, trust_env=False, timeout=60) as other:

        async def told(headers: dict[str, str], status: int, asked: str, **body: Any) -> None:
            await until_true(lambda: answers(headers, status, asked, body))

        async def answers(headers: dict[str, str], status: int, asked: str, body: dict[str, Any]) -> bool:
            found = await (other.post(asked, headers=headers, json=body) if body else other.get(asked, headers=headers))
            return found.status_code == status

        await told(anna, 202, "/api/v1/scrape", url="http://shop.test/")
        assert (await http.put(path, headers=root, json={"role": "viewer"})).status_code == 200
        await told(anna, 403, "/api/v1/scrape", url="http://shop.test/")
        await told(anna, 200, "/auth/me")
        assert (await http.post("/auth/logout", headers=anna)).status_code == 200
        await told(anna, 401, "/auth/me")
        await told(other_device, 200, "/auth/me")
        assert (await http.put(path, headers=root, json={"status": "disabled"})).status_code == 200
        await told(other_device, 401, "/auth/me")
    assert (await login(http, name)).status_code == 401


async def test_of_twenty_at_once_one_counts(http: httpx.AsyncClient, root: dict[str, str]) -> None:
    name, _ = await made(http, root)
    first = await login(http, name)
    refresh = {"refresh_token": first.json()["refresh_token"]}
    answers = await asyncio.gather(*(http.post("/auth/refresh", json=refresh) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 19}
    headers = bearer(first)
    setup = (await http.post("/auth/mfa/setup", headers=headers)).json()["data"]
    # The code of now and the next one: both are good for half a minute at least, wherever in its step this begins.
    totp, now = pyotp.TOTP(setup["secret"]), int(time.time())
    proof = {"totp_token": totp.at(now)}
    assert (await http.post("/auth/mfa/verify", headers=headers, json=proof)).status_code == 200
    for code in (totp.at(now + STEP_S), setup["backup_codes"][0]):
        answers = await asyncio.gather(*(login(http, name, mfa_token=code) for _ in range(20)))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[200] == 1 and set(statuses) <= {200, 401, 429}
        unlocked = await http.post(f"/api/v2/users/{first.json()['user']['id']}/unlock", headers=root)
        assert unlocked.status_code == 200


@pytest.mark.timeout(400)
async def test_who_is_unknown_looks_and_takes_as_long_as_who_is_not(
    http: httpx.AsyncClient, root: dict[str, str], engines: Any
) -> None:
    """In turn, so that whatever else the machine does slows both down. Chance goes away as tries come together: they go
    on until the medians are alike, and do not for ever. test_sign_in.py counts the work itself."""
    name, _ = await made(http, root)
    nobody = f"nobody-{uuid4().hex}"
    times: dict[str, list[float]] = {name: [], nobody: []}
    bodies = set()

    async def tried(asked: str) -> None:
        began = time.perf_counter()
        answer = await login(http, asked, "wrong wrong wrong")
        times[asked].append(time.perf_counter() - began)
        assert answer.status_code == 401
        bodies.add(str({**answer.json(), "metadata": None}))

    async with Database(engines.postgres) as database:
        for turn in range(80):
            if turn % 8 == 0:
                await database.fetch("delete from attempts")  # guesses are slowed down
            for asked in (name, nobody) if turn % 2 else (nobody, name):
                await tried(asked)
            one, other = (statistics.median(taken) for taken in times.values())
            if turn >= 19 and 0.9 < one / other < 1.1:
                break
    assert len(bodies) == 1 and 0.9 < one / other < 1.1, (one, other)


async def test_first_aid_without_a_gateway(
    served: Served, http: httpx.AsyncClient, root: dict[str, str], tmp_path: Any, engines: Any
) -> None:
    name, _ = await made(http, root)
    async with Database(engines.postgres) as database:
        await database.fetch(b"delete from attempts")  # the other tests' guesses, from the same address

    def trawl(*words: str) -> str:
        command = [sys.executable, "-m", "cli", "users", *words]
        environ = served.environ | {"TRAWL_DATA": str(tmp_path), "PATH": os.environ["PATH"]}
        done = subprocess.run(command, check=False, env=environ, capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    for _ in range(11):
        refused = await login(http, name, "wrong")
    assert refused.status_code == 429
    password = await asyncio.to_thread(trawl, "reset-password", name)
    await asyncio.to_thread(trawl, "unlock", name)
    found = await login(http, name, password)
    assert found.status_code == 200 and found.json()["user"]["password_change_required"] is True
