"""Webhooks over REST."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.api.conftest import Client

ASKED: dict[str, Any] = {"name": "ops", "url": "https://hooks.example.com/trawl", "events": ["run.failed"]}
PATH = "/api/v1/webhooks"


async def made(client: Client, headers: dict[str, str], **change: Any) -> dict[str, Any]:
    answer = await client.http.post(PATH, headers=headers, json={**ASKED, **change})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_secret_is_shown_once_and_can_be_rotated(client: Client) -> None:
    anna = await client.headers("anna")
    hook = await made(client, anna)
    assert hook["secret"].startswith("whsec_") and hook["enabled"]
    for path in (PATH, f"{PATH}/{hook['id']}"):
        assert "whsec_" not in (await client.http.get(path, headers=anna)).text
    rotated = (await client.http.post(f"{PATH}/{hook['id']}/secret", headers=anna)).json()
    assert rotated["secret"] != hook["secret"] and rotated["previous_secret_until"]
    assert client.world.webhooks.secrets[hook["id"]] == [rotated["secret"], hook["secret"]]
    assert not any("whsec_" in str(act) for act in client.world.webhooks.acts)
    assert [act.action for act in client.world.webhooks.acts] == ["webhook_added", "webhook_secret_rotated"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
     "http://169.254.169.254/latest/", "http://10.0.0.1:8080/", "https://user:pw@hooks.example.com/", "ftp://x.test/",
     "hooks.example.com", "javascript:alert(1)", "https://hooks.example.com:22/"],
)  # fmt: skip
async def test_what_may_not_be_sent_to_is_refused(client: Client, url: str) -> None:
    anna = await client.headers("anna")
    hook = await made(client, anna)
    for answer in (
        await client.http.post(PATH, headers=anna, json={**ASKED, "url": url}),
        await client.http.patch(f"{PATH}/{hook['id']}", headers=anna, json={"url": url}),
    ):
        if url.endswith(":22/"):  # a name is looked up, and its port checked, when something is sent
            continue
        assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == "url", answer.text
    if not url.endswith(":22/"):
        assert len(client.world.webhooks.kept) == 1 and client.world.webhooks.kept[hook["id"]].url == ASKED["url"]


async def test_it_is_changed_field_by_field_tried_and_removed(client: Client) -> None:
    anna = await client.headers("anna")
    hook = await made(client, anna, kinds=["shift"])
    path = f"{PATH}/{hook['id']}"
    changed = (await client.http.patch(path, headers=anna, json={"url": "https://other.example.com/x"})).json()
    assert changed["url"] == "https://other.example.com/x" and changed["kinds"] == ["shift"] and changed["enabled"]
    assert client.world.webhooks.kept[hook["id"]].host == "other.example.com"
    sent = await client.http.post(f"{path}/ping", headers=anna)
    assert sent.status_code == 202 and sent.json()["event"] == "ping" and sent.json()["state"] == "pending"
    assert (await client.http.patch(path, headers=anna, json={"enabled": False})).json()["enabled"] is False
    assert (await client.http.post(f"{path}/ping", headers=anna)).status_code == 409
    assert (await client.http.patch(path, headers=anna, json={})).status_code == 422
    assert (await client.http.patch(path, headers=anna, json={"owner": "otto"})).status_code == 422
    assert (await client.http.delete(path, headers=anna)).status_code == 200
    assert (await client.http.get(path, headers=anna)).status_code == 404


async def test_a_delivery_is_shown_and_sent_again(client: Client) -> None:
    anna = await client.headers("anna")
    hook = await made(client, anna)
    path = f"{PATH}/{hook['id']}"
    ids = [(await client.http.post(f"{path}/ping", headers=anna)).json()["id"] for _ in range(3)]
    page = (await client.http.get(f"{path}/deliveries", headers=anna, params={"limit": 2})).json()
    rest = await client.http.get(f"{path}/deliveries", headers=anna, params={"cursor": page["next_cursor"]})
    assert {one["id"] for one in [*page["deliveries"], *rest.json()["deliveries"]]} == set(ids)
    again = f"{path}/deliveries/{ids[0]}/redeliver"
    assert (await client.http.post(again, headers=anna)).status_code == 409, "it is on its way"
    log = client.world.webhooks.log
    log[ids[0]] = replace(log[ids[0]], state="failed", tries=8)
    assert (await client.http.get(f"{path}/deliveries/{ids[0]}", headers=anna)).json()["next_try"] is None
    sent = await client.http.post(again, headers=anna)
    assert sent.status_code == 202 and sent.json()["id"] == ids[0] and sent.json()["tries"] == 0


async def test_nobody_elses_webhook_is_there_and_jobs_name_their_owners_own(client: Client) -> None:
    anna, otto, vera = [await client.headers(name) for name in ("anna", "otto", "vera")]
    hook = await made(client, anna)
    sent = (await client.http.post(f"{PATH}/{hook['id']}/ping", headers=anna)).json()["id"]
    for method, way, body in (
        ("GET", "", None), ("PATCH", "", {"enabled": False}), ("DELETE", "", None), ("POST", "/secret", None),
        ("POST", "/ping", None), ("GET", "/deliveries", None), ("GET", f"/deliveries/{sent}", None),
        ("POST", f"/deliveries/{sent}/redeliver", None),
    ):  # fmt: skip
        answer = await client.http.request(method, f"{PATH}/{hook['id']}{way}", headers=otto, json=body)
        assert answer.status_code == 404, (method, way)
    assert (await client.http.get(PATH, headers=otto)).json()["webhooks"] == []
    assert (await client.http.post(PATH, headers=vera, json=ASKED)).status_code == 403
    job = {"url": "http://shop.test/", "notifications": {"webhooks": [hook["id"]]}}
    made_job = await client.http.post("/api/v1/scrape", headers=anna, json=job)
    assert made_job.status_code == 202
    refused = await client.http.post("/api/v1/scrape", headers=otto, json=job)
    assert refused.status_code == 422 and refused.json()["error"]["details"]["field"] == "notifications.webhooks"
    assert (await client.http.delete(f"{PATH}/{hook['id']}", headers=anna)).status_code == 200
    again = f"/api/v1/jobs/{made_job.json()['job_id']}/start?force=true"
    assert (await client.http.post(again, headers=anna)).status_code == 202, "a webhook that is gone is in no run's way"
