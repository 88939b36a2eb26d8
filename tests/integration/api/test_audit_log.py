"""What a gateway's doings leave behind: audited, sealed, searchable, in the request log and the logs; and no secret."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.clickhouse.row_store import RowStore
from infra.postgres.mailbox import Mailbox
from infra.postgres.pool import Database
from infra.process import now
from infra.sealing import Seal
from schemas import codec
from schemas.delivery import Delivery
from schemas.mail import Mail
from schemas.topics import CLEAN_RECORDS, LOGS, REQUEST_LOGS
from streams.warehouse.rows import QUIET_TOPICS, shape_of
from tests.integration.api.conftest import Served
from tests.integration.api.test_gateway import until_true
from tests.kept import everything, forms_of, whole

CANARY = "Kana4rie-vogel-Zwitschert-laut-im-Bergwerk7"


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        answer = await http.post("/api/v1/auth/login", json={"username": "admin", "password": served.password})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        http.headers["X-Test-Refresh"] = answer.json()["refresh_token"]  # a header that nobody reads
        yield http


async def test_what_is_done_is_audited_sealed_and_found_again(served: Served, client: httpx.AsyncClient) -> None:
    given = f"test-{uuid4()}"
    made = await client.post("/api/v1/auth/keys", json={"name": "=1+1"}, headers={"X-Request-ID": given})
    assert made.status_code == 201, made.text

    async def sealed() -> Any:
        answer = await client.get("/api/v1/audit", params={"request_id": given})
        assert answer.status_code == 200, f"{answer.text} {served.log()[-3000:]}"
        page = answer.json()
        return page["entries"] if page["entries"][0]["position"] else None

    (line,) = await until_true(sealed)
    assert (line["username"], line["action"], line["object"]) == ("admin", "api_key_made", made.json()["id"])
    for asked in ({"actor": "admin", "action": "api_key_made"}, {"object": line["object"]}, {"actor": line["actor"]}):
        page = (await client.get("/api/v1/audit", params={**asked, "limit": "1000"})).json()
        assert line["id"] in [entry["id"] for entry in page["entries"]]
    chain = (await client.get("/api/v1/audit/chain")).json()
    assert chain["position"] >= line["position"] and chain["age_s"] < 60
    exported = await client.get("/api/v1/audit/export", params={"from": line["at"], "actor": "admin"})
    told = [json.loads(entry) for entry in exported.text.splitlines()]
    assert told[0]["details"]["name"] == "=1+1" and told[-1]["action"] == "audit_exported"
    sheet = await client.get("/api/v1/audit/export", params={"from": line["at"], "format": "csv"})
    assert sheet.text.startswith("id,at,actor,username,action") and "\n=" not in sheet.text and ",=" not in sheet.text


async def test_requests_and_logs_are_read_back_from_clickhouse(
    served: Served, client: httpx.AsyncClient, engines: Any
) -> None:
    given = f"test-{uuid4()}"
    await client.get("/api/v1/jobs", headers={"X-Request-ID": given})

    async def told() -> Any:
        found = await everything(engines.kafka, [REQUEST_LOGS, LOGS])
        events = [codec.decode(one.topic, one.value or b"") for one in found]
        kinds = {
            "request" if getattr(event, "request_id", "") == given else getattr(event, "event", "") for event in events
        }
        return found if {"request", "audit_anchored"} <= kinds else None

    for message in await until_true(told):
        event = codec.decode(message.topic, message.value or b"")
        delivery, shape = Delivery(message, event), shape_of(message.topic)
        assert not shape.flaw(delivery)
        for rows in shape.rows([delivery], event.at):
            await RowStore(engines.clickhouse).insert(rows, f"{message.topic}/{message.offset}")

    (request,) = (await client.get("/api/v1/system/requests", params={"request_id": given})).json()["requests"]
    assert (request["path"], request["status"], request["route"]) == ("/api/v1/jobs", 200, "/api/v1/jobs")
    for asked in ({"status": "2"}, {"status": "200"}, {"path": "/api/v1/jo"}, {"user": request["user"]}):
        page = (await client.get("/api/v1/system/requests", params={**asked, "limit": "1000"})).json()
        assert request in page["requests"]
    logs = (await client.get("/api/v1/system/logs", params={"component": "gateway", "limit": "1000"})).json()["logs"]
    anchored = next(line for line in logs if line["message"] == "audit_anchored")
    assert anchored["level"] == "info" and len(anchored["metadata"]["hash"]) == 64
    assert (await client.get("/api/v1/system/logs", params={"component": "nobody"})).json()["logs"] == []
    page = (await client.get("/api/v1/system/logs", params={"limit": "1"})).json()
    assert len(page["logs"]) == 1 and page["logs"][0]["id"] == logs[0]["id"]


async def test_no_secret_is_anywhere_in_plain_text(served: Served, client: httpx.AsyncClient, engines: Any) -> None:
    """Every table of both databases, every topic, file and log line, after secrets went every way that there is."""
    token = client.headers["Authorization"].removeprefix("Bearer ")
    key = (await client.post("/api/v1/auth/keys", json={"name": "canary"})).json()["key"]
    stored = {"name": CANARY[:8], "kind": "basic", "host": "shop.test", "username": "u", "secret": CANARY}
    assert (await client.post("/api/v1/auth/credentials", json=stored)).status_code == 201
    given = await _given(client)
    await client.get("/api/v1/jobs", headers={"X-API-Key": key, "Authorization": ""})
    proxied = {"url": "http://shop.test/", "name": "s", "options": {"proxy": f"http://u:{CANARY}@proxy.test:3128"}}
    for body in (proxied, {"url": f"http://u:{CANARY}@shop.test/", "name": "s"}):
        assert (await client.post("/api/v1/scrape", json=body)).status_code == 422
    await client.post("/api/v1/auth/login", json={"username": "admin", "password": CANARY})
    await client.post("/api/v1/auth/login", content=f'{{"username": "admin", "password": "{CANARY}'.encode())
    await client.post("/api/v1/auth/refresh", json={"refresh_token": CANARY})
    for path in (f"/sign-in/{CANARY}", f"{served.url}//Sign-In/{CANARY}/"):
        await client.get(path, headers={"Cookie": f"trawl={CANARY}", "X-API-Key": f"trawl_{CANARY}"})
    seal = served.environ["TRAWL_SECRET_SEAL_KEY"]
    async with Database(engines.postgres) as database, database.transaction() as connection:
        mail = Mail(kind="canary", recipient="a@example.com", subject="s", text=f"https://x.test/reset?token={CANARY}")
        await Mailbox(Seal(seal)).post(connection, mail)

    refresh = client.headers["X-Test-Refresh"]
    hidden = [CANARY, key, *given, token.rsplit(".", 1)[1], refresh, served.password, seal]
    forms = [form for secret in hidden for form in forms_of(secret)]

    last = f"test-{uuid4()}"
    await client.get("/api/v1/jobs", headers={"X-Request-ID": last})

    async def told() -> bool:
        return any(last.encode() in (one.value or b"") for one in await everything(engines.kafka, [REQUEST_LOGS]))

    await until_true(told)
    for message in await everything(engines.kafka, (CLEAN_RECORDS, *QUIET_TOPICS)):  # as the warehouse would store them
        event = codec.decode(message.topic, message.value or b"")
        shape, delivery = shape_of(message.topic), Delivery(message, event)
        if shape.identity(delivery) is not None:
            for rows in shape.rows([delivery], now()):
                await RowStore(engines.clickhouse).insert(rows, f"{message.topic}/{message.partition}/{message.offset}")
    kept = await whole(engines.postgres_owner, engines.kafka, engines.clickhouse, engines.folder.path)
    for name, text in [*kept, ("the log", served.log())]:
        assert [form for form in forms if form in text] == [], (name, text[:500])
    for line in served.log().splitlines():
        assert isinstance(json.loads(line), dict)


async def _given(client: httpx.AsyncClient) -> list[str]:
    """Secrets that are made here and shown once: of a factor, a webhook, a client of OAuth."""
    factor = (await client.post("/auth/mfa/setup")).json()["data"]
    hook = {"name": "canary", "url": "https://93.184.215.14/", "events": ["trend"]}
    opened = await client.post("/api/v1/webhooks", json=hook)
    program = {"name": f"canary {uuid4()}", "redirect_uris": ["https://board.example/"], "scopes": ["read_data"]}
    made = await client.post("/api/v1/oauth/clients", json=program)
    assert (opened.status_code, made.status_code) == (201, 201), (opened.text, made.text)
    await client.post("/oauth/token", data={"grant_type": "authorization_code", "code": CANARY},
                      auth=(made.json()["client_id"], made.json()["client_secret"]))  # fmt: skip
    chosen = {"token": CANARY, "new_password": CANARY, "confirm_password": CANARY}
    await client.post("/auth/password-reset/confirm", json=chosen)
    return [factor["secret"], opened.json()["secret"], made.json()["client_secret"]]
