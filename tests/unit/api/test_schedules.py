"""Schedules over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from schemas.schedules import Firing
from tests.unit.api.conftest import Client

BERLIN = {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}


async def put(client: Client, headers: dict[str, str], job: dict[str, Any], schedule: Any) -> httpx.Response:
    return await client.http.put(f"/api/v1/jobs/{job['job_id']}/schedule", headers=headers, json=schedule)


async def test_a_job_made_with_a_schedule_has_it_and_it_can_be_changed(client: Client) -> None:
    anna = await client.headers("anna")
    job = await client.scrape(anna, schedule="0 */6 * * *")
    path = f"/api/v1/jobs/{job['job_id']}/schedule"
    known = (await client.http.get(path, headers=anna)).json()
    assert (known["kind"], known["expression"], known["timezone"], known["overlap"]) == (
        "cron",
        "0 */6 * * *",
        "UTC",
        "skip",
    )
    changed = await put(client, anna, job, {**BERLIN, "jitter": 60, "overlap": "queue"})
    assert changed.status_code == 200 and changed.json()["timezone"] == "Europe/Berlin"
    times = (await client.http.get(f"{path}/next", headers=anna, params={"count": 400})).status_code
    assert times == 422
    times = (await client.http.get(f"{path}/next", headers=anna, params={"count": 3})).json()["times"]
    assert len(times) == 3 and all("T02:30:00" in time["local"] or "T03:00:00" in time["local"] for time in times)
    listed = (await client.http.get("/api/v1/schedules", headers=anna)).json()["schedules"]
    assert [one["job_id"] for one in listed] == [job["job_id"]]
    assert (await client.http.delete(path, headers=anna)).status_code == 200
    assert (await client.http.get(path, headers=anna)).status_code == 404
    assert (await client.http.delete(path, headers=anna)).status_code == 404
    actions = [act.action for act in client.world.schedules.acts]
    assert actions == ["schedule_changed", "schedule_removed"]


async def test_pausing_shows_and_takes_the_next_times_away(client: Client) -> None:
    anna = await client.headers("anna")
    job = await client.scrape(anna, schedule=BERLIN)
    path = f"/api/v1/jobs/{job['job_id']}/schedule"
    for _ in range(2):
        assert (await client.http.post(f"{path}/pause", headers=anna)).json()["paused_at"]
    assert (await client.http.get(f"{path}/next", headers=anna)).json()["times"] == []
    assert (await client.http.post(f"{path}/resume", headers=anna)).json()["paused_at"] is None
    assert len((await client.http.get(f"{path}/next", headers=anna)).json()["times"]) == 10


async def test_what_became_of_each_time_is_shown(client: Client) -> None:
    anna = await client.headers("anna")
    job = await client.scrape(anna, schedule=BERLIN)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    client.world.schedules.told[job["job_id"]] = [
        Firing(due_at=start + timedelta(days=day), until=start, outcome="skipped" if day % 2 else "started", why="w")
        for day in range(5)
    ]
    path, found, cursor = f"/api/v1/jobs/{job['job_id']}/schedule/firings", [], None
    while True:
        page = (
            await client.http.get(path, headers=anna, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        found += [one["due_at"] for one in page["firings"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(found, reverse=True) and len(found) == 5
    skipped = (await client.http.get(path, headers=anna, params={"outcome": "skipped"})).json()["firings"]
    assert len(skipped) == 2 and {one["why"] for one in skipped} == {"w"}


async def test_a_schedule_is_tried_before_it_is_kept(client: Client) -> None:
    vera = await client.headers("vera")
    asked = {"schedule": {"at": "2999-01-01T06:00:00", "timezone": "America/New_York"}, "count": 5}
    answer = await client.http.post("/api/v1/schedules/preview", headers=vera, json=asked)
    assert answer.json() == {
        "timezone": "America/New_York",
        "times": [{"at": "2999-01-01T11:00:00Z", "local": "2999-01-01T06:00:00-05:00"}],
    }
    for wrong, field in (
        ({"schedule": {"at": "2020-01-01T00:00:00Z"}}, "at"),
        ({"schedule": {"at": "+1"}}, "schedule.at"),
        ({"schedule": {"at": 32503680000}}, "schedule.at"),
        ({"schedule": "0 0 30 2 *"}, "schedule.cron"),
        ({"schedule": {"cron": "0 0 * * *", "timezone": "Mars/Olympus"}}, "schedule.timezone"),
    ):
        refused = await client.http.post("/api/v1/schedules/preview", headers=vera, json=wrong)
        assert refused.status_code == 422 and refused.json()["error"]["details"]["field"] == field, refused.text


async def test_nobody_elses_schedule_is_there_and_viewers_change_nothing(client: Client) -> None:
    anna, otto, vera, root = [await client.headers(name) for name in ("anna", "otto", "vera", "root")]
    job = await client.scrape(anna, schedule=BERLIN)
    path = f"/api/v1/jobs/{job['job_id']}/schedule"
    for method, way in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("GET", "/next"),
        ("GET", "/firings"),
    ):
        assert (await client.http.request(method, path + way, headers=otto)).status_code == 404, way
    assert (await put(client, otto, job, BERLIN)).status_code == 404
    assert (await put(client, vera, job, BERLIN)).status_code == 403
    assert (await client.http.get("/api/v1/schedules", headers=otto)).json()["schedules"] == []
    assert len((await client.http.get("/api/v1/schedules", headers=root)).json()["schedules"]) == 1
    assert not client.world.schedules.acts


async def test_a_schedule_is_changed_only_in_the_version_of_the_job_that_was_read(client: Client) -> None:
    anna = await client.headers("anna")
    job = await client.scrape(anna, schedule="0 */6 * * *")
    address = f"/api/v1/jobs/{job['job_id']}"
    read = (await client.http.get(address, headers=anna)).headers["etag"]
    assert (await client.http.patch(address, headers=anna, json={"name": "other"})).status_code == 200
    newest = (await client.http.get(address, headers=anna)).headers["etag"]
    assert newest != read
    for method, body in (("PUT", BERLIN), ("DELETE", None)):
        for stale in (read, f"W/{newest}", '"v9"'):
            answer = await client.http.request(
                method, f"{address}/schedule", headers=anna | {"If-Match": stale}, json=body
            )
            error = answer.json()["error"]
            assert answer.status_code == 412 and error["code"] == "PRECONDITION_FAILED", (method, stale)
            assert answer.headers["etag"] == newest and error["details"]["version"] == 2
        assert not client.world.schedules.acts
    for match in (newest, f"{read}, {newest}", "*"):
        answer = await client.http.put(f"{address}/schedule", headers=anna | {"If-Match": match}, json=BERLIN)
        assert answer.status_code == 200, match
    gone = await client.http.delete(f"{address}/schedule", headers=anna | {"If-Match": newest})
    assert gone.status_code == 200


async def test_a_schedule_says_the_version_that_a_change_of_it_is_held_against(client: Client) -> None:
    anna = await client.headers("anna")
    job = await client.scrape(anna, schedule="0 */6 * * *")
    path = f"/api/v1/jobs/{job['job_id']}/schedule"
    for method, way, body in (
        ("GET", "", None), ("PUT", "", BERLIN), ("POST", "/pause", None), ("POST", "/resume", None),
    ):  # fmt: skip
        answer = await client.http.request(method, path + way, headers=anna, json=body)
        job_now = await client.http.get(f"/api/v1/jobs/{job['job_id']}", headers=anna)
        assert answer.status_code == 200 and answer.headers["etag"] == job_now.headers["etag"], method
    again = await client.http.put(path, headers=anna | {"If-Match": answer.headers["etag"]}, json=BERLIN)
    assert again.status_code == 200 and again.headers["etag"]


async def test_a_change_between_the_look_and_the_writing_is_noticed(client: Client, monkeypatch: Any) -> None:
    anna = await client.headers("anna")
    job = await client.scrape(anna, schedule="0 */6 * * *")
    address, put = f"/api/v1/jobs/{job['job_id']}", client.world.schedules.put
    read = (await client.http.get(address, headers=anna)).headers["etag"]

    async def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(client.world.schedules, "put", put)
        assert (await client.http.patch(address, headers=anna, json={"name": f"to be {status}"})).status_code == 200
        return await put(*given)

    for match, status in ((read, 412), ("*", 200)):
        monkeypatch.setattr(client.world.schedules, "put", overtaken)
        answer = await client.http.put(f"{address}/schedule", headers=anna | {"If-Match": match}, json=BERLIN)
        assert answer.status_code == status
