"""Replays and previews over REST: what is pinned to the run, what is refused, and what is shown."""

from typing import Any

from api.services.replays import described
from schemas.previews import PreviewAnswer, PreviewProblem
from tests.unit.api.conftest import Client

RULES: dict[str, Any] = {"fields": {"title": "h1::text"}}


async def crawled(client: Client, headers: dict[str, str]) -> dict[str, Any]:
    made = await client.scrape(headers)
    client.world.jobs.change(made["run_id"], state="completed")
    return made


async def test_a_replay_pins_the_new_rules_and_follows_watches_and_remembers_nothing(client: Client) -> None:
    headers = await client.headers("anna")
    made = await crawled(client, headers)
    body = {"extract": RULES, "match": "/product/", "since": "2026-01-05T10:30:00Z"}
    answer = await client.http.post(made["links"]["replay"], headers=headers, json=body)
    assert answer.status_code == 202, answer.text
    found = answer.json()
    assert (found["revision"], found["job_id"], found["status"]) == (2, made["job_id"], "queued")
    wanted = client.world.jobs.wanted[found["run_id"]]
    assert (wanted.run_id, wanted.pattern, wanted.since is not None) == (None, "/product/", True)
    shown = (await client.http.get(made["links"]["self"], headers=headers)).json()
    assert (shown["kind"], shown["revision"]) == ("replay", 2)
    assert client.world.jobs.acts[-1].action == "job_replayed"
    job = await client.world.jobs.job(made["job_id"])
    assert job is not None
    pinned = described(job, {"extract": RULES})
    assert pinned.extract.fields["title"].css == "h1::text"
    assert pinned.options.depth_limit == 0 and pinned.options.freshness is None and not pinned.trends.enabled
    again = await client.http.post(made["links"]["replay"], headers=headers, json={})
    assert again.status_code == 409


async def test_what_cannot_be_replayed_is_refused(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    path = made["links"]["replay"]

    async def status(body: dict[str, Any]) -> int:
        return (await client.http.post(path, headers=headers, json=body)).status_code

    assert await status({}) == 409, "no crawl has completed"
    wrongs: list[dict[str, Any]] = [
        {"match": "("},
        {"extract": {"items": "a", "items_xpath": "b"}},
        {"extract": {"fields": {"x": "h1["}}},
        {"urls": []},
        {"since": "soon"},
        {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
    ]
    for wrong in wrongs:
        assert await status(wrong) == 422, wrong
    assert await status({"run_id": "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"}) == 404
    client.world.jobs.change(made["run_id"], kind="replay")
    assert await status({"run_id": made["run_id"]}) == 404, "a replay has fetched nothing"


async def test_a_preview_asks_for_the_page_as_the_frontier_names_it(client: Client) -> None:
    headers = await client.headers("anna")
    made = await crawled(client, headers)
    path = f"{made['links']['self']}/preview"
    problem = PreviewProblem(place="fields.x.css", reason="no")
    client.world.previews.answer = PreviewAnswer(
        found=True, records=[{"title": "One"}], problems=[problem], elapsed_ms=84.3
    )
    found = []
    for url in ("http://shop.test/a?b#c", "HTTP://SHOP.test:80/a?b"):
        answer = await client.http.post(path, headers=headers, json={"url": url, "extract": RULES})
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
    assert found[0] == found[1] and found[0]["records"] == [{"title": "One"}]
    assert found[0]["elapsed_ms"] == 84.3
    assert found[0]["problems"] == [{"place": "fields.x.css", "reason": "no"}]
    [(job, fp, description), other] = client.world.previews.asked
    assert (job, fp) == other[:2] == (made["job_id"], fp)
    assert description["extract"]["fields"]["title"]["css"] == "h1::text"

    client.world.previews.answer = None
    silent = await client.http.post(path, headers=headers, json={"url": "http://shop.test/a"})
    assert silent.status_code == 503 and "extraction" in silent.json()["error"]["message"]
    assert (await client.http.post(path, headers=headers, json={"url": "nowhere"})).status_code == 422
    stranger = await client.headers("otto")
    assert (await client.http.post(path, headers=stranger, json={"url": "http://shop.test/a"})).status_code == 404
