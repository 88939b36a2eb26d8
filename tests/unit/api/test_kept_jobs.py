"""Jobs that are kept, changed, copied and set aside, over REST."""

from typing import Any

import pytest

from tests.unit.api.conftest import Client

SHOP = {"url": "http://shop.test/", "name": "shop", "options": {"max_pages": 50, "delay": 2},
        "extract": {"items": "li", "fields": {"name": "h3::text"}}}  # fmt: skip


async def keep(client: Client, headers: dict[str, str], **fields: Any) -> dict[str, Any]:
    answer = await client.http.post("/api/v1/jobs", headers=headers, json=SHOP | fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == found["links"]["self"] and answer.headers["etag"] == '"v1"'
    return found


async def test_a_kept_job_waits_until_it_is_started(client: Client) -> None:
    headers = await client.headers("anna")
    made = await keep(client, headers)
    assert (made["status"], made["phase"], made["run_id"], made["job"]["urls"]) == (
        "queued", "created", None, ["http://shop.test/"])  # fmt: skip
    assert client.world.jobs.outbox == []
    path = made["links"]["self"]
    assert (await client.http.get(path, headers=headers)).json()["counts"]["requested"] == 0
    assert (await client.http.get(f"{path}/records", headers=headers)).status_code == 404
    for deed in ("pause", "stop", "cancel", "resume"):
        assert (await client.http.post(f"{path}/{deed}", headers=headers)).status_code == 409, deed
    for word, found in (("created", 1), ("queued", 1), ("running", 0)):
        page = (await client.http.get("/api/v1/jobs", params={"status": word}, headers=headers)).json()
        assert len(page["jobs"]) == found, word
    started = await client.http.post(f"{path}/start", headers=headers, json={"priority": "high"})
    assert started.status_code == 202, started.text
    assert [request.run_id for request in client.world.jobs.outbox] == [started.json()["run_id"]]
    assert client.world.jobs.runs[started.json()["run_id"]].priority == 1
    assert [act.action for act in client.world.jobs.acts] == ["job_kept", "job_started"]


async def test_a_job_that_never_ran_is_deleted(client: Client) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    assert (await client.http.delete(path, headers=headers)).json()["deleted"] is True
    assert (await client.http.get(path, headers=headers)).status_code == 404


async def test_put_leaves_what_is_absent_and_understands_the_older_forms(client: Client) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    change = {"name": "renamed", "config": {"urls": ["http://other.test/"], "max_pages": 15}, "enabled": False,
              "selectors": {"title": "h1::text"}}  # fmt: skip
    answer = await client.http.put(path, headers=headers, json=change)
    found = answer.json()
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"' and found["version"] == 2
    job = found["job"]
    assert (job["urls"], job["options"]["max_pages"], job["options"]["delay"]) == (["http://other.test/"], 15, 2.0)
    assert list(job["extract"]["fields"]) == ["title"] and found["name"] == "renamed" and found["enabled"] is False
    assert found["dataset"] == "shop", "a job that is renamed goes on writing where it wrote"
    again = await client.http.put(path, headers=headers, json=change)
    assert again.json()["version"] == 2, "nothing is different, and no version is made"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_the_dataset_alone_is_a_change_and_there_and_back_are_two(client: Client, method: str) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    for version, dataset in ((2, "elsewhere"), (3, "shop"), (3, "shop")):
        answer = await client.http.request(method, path, headers=headers, json={"dataset": dataset})
        assert (answer.json()["dataset"], answer.json()["version"]) == (dataset, version), answer.text


async def test_patch_merges_all_the_way_down_and_null_is_the_default(client: Client) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    patch = {"options": {"delay": None, "timeout": 9}, "extract": {"fields": {"price": ".price::text"}}}
    job = (await client.http.patch(path, headers=headers, json=patch)).json()["job"]
    assert (job["options"]["delay"], job["options"]["timeout"], job["options"]["max_pages"]) == (1.0, 9.0, 50)
    assert list(job["extract"]["fields"]) == ["name", "price"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"owner": "root"}, "owner"),
        ({"options": {"max_pages": 0}}, "options.max_pages"),
        ({"urls": []}, "body"),
        ({"extract": {"fields": {"a": "p >"}}}, "extract.fields.a.css"),
        ({"config": {"delay": 1}, "options": 3}, "body"),
    ],
)
async def test_a_change_that_is_not_valid_changes_nothing(client: Client, change: Any, field: str) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    for method in ("PUT", "PATCH"):
        answer = await client.http.request(method, path, headers=headers, json=change)
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["details"]["field"] == field, answer.text
    assert (await client.http.get(path, headers=headers)).json()["version"] == 1


async def test_a_change_of_what_has_changed_meanwhile_is_refused(client: Client) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    tag = (await client.http.get(path, headers=headers)).headers["etag"]
    first = await client.http.put(path, headers={**headers, "If-Match": f'"x", {tag}'}, json={"name": "one"})
    assert first.status_code == 200
    for stale in (tag, f"W/{first.headers['etag']}"):
        answer = await client.http.put(path, headers={**headers, "If-Match": stale}, json={"name": "two"})
        assert answer.status_code == 412 and answer.headers["etag"] == '"v2"'
        assert answer.json()["error"]["code"] == "PRECONDITION_FAILED"
    assert (await client.http.put(path, headers={**headers, "If-Match": "*"}, json={"name": "3"})).status_code == 200


async def test_a_version_comes_back_as_another_one(client: Client) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    for number in range(3):
        await client.http.put(
            path, headers=headers, json={"name": f"name {number}", "urls": [f"http://{number}.test/"]}
        )
    page = (await client.http.get(f"{path}/versions", params={"limit": 2}, headers=headers)).json()
    assert [version["version"] for version in page["versions"]] == [4, 3]
    rest = (await client.http.get(f"{path}/versions", params={"cursor": page["next_cursor"]}, headers=headers)).json()
    assert [version["version"] for version in rest["versions"]] == [2, 1] and rest["next_cursor"] is None
    assert rest["versions"][1]["made_by"] == client.world.ids["anna"]
    old = (await client.http.get(f"{path}/versions/1", headers=headers)).json()
    assert old["name"] == "shop" and old["job"]["urls"] == ["http://shop.test/"]
    assert (await client.http.get(f"{path}/versions/9", headers=headers)).status_code == 404
    back = await client.http.post(f"{path}/versions/1/restore", headers=headers)
    assert (back.json()["version"], back.json()["name"]) == (5, "shop") and back.headers["etag"] == '"v5"'
    assert back.json()["job"]["urls"] == ["http://shop.test/"]
    assert client.world.jobs.acts[-1].details["restored"] == 1


async def test_a_run_keeps_the_version_that_it_was_opened_with(client: Client) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    await client.http.post(f"{path}/start", headers=headers)
    await client.http.put(path, headers=headers, json={"urls": ["http://new.test/"]})
    await client.http.post(f"{path}/start", params={"force": "true"}, headers=headers)
    told = (await client.http.get(f"{path}/runs", headers=headers)).json()["runs"]
    assert [run["version"] for run in told] == [2, 1]


async def test_a_copy_is_the_callers_own_and_different_where_it_is_said(client: Client) -> None:
    anna, root = await client.headers("anna"), await client.headers("root")
    path = (await keep(client, anna))["links"]["self"]
    answer = await client.http.post(f"{path}/clone", headers=root, json={"options": {"max_pages": 7}})
    found = answer.json()
    assert answer.status_code == 201 and found["name"] == "shop (copy)" and found["phase"] == "created"
    assert (found["job"]["options"]["max_pages"], found["job"]["options"]["delay"]) == (7, 2.0)
    assert client.world.jobs.openings[found["job_id"]].owner == client.world.ids["root"]
    plain = await client.http.post(f"{path}/clone", headers=anna)
    assert plain.status_code == 201 and plain.json()["job"]["urls"] == ["http://shop.test/"]


async def test_an_archived_job_is_in_no_list_and_does_not_start(client: Client) -> None:
    headers = await client.headers("anna")
    path = (await keep(client, headers))["links"]["self"]
    for _ in range(2):
        assert (await client.http.post(f"{path}/archive", headers=headers)).json()["archived"] is True
    assert (await client.http.get("/api/v1/jobs", headers=headers)).json()["jobs"] == []
    assert len((await client.http.get("/api/v1/jobs?archived=true", headers=headers)).json()["jobs"]) == 1
    assert (await client.http.post(f"{path}/start", headers=headers)).status_code == 409
    assert (await client.http.post(f"{path}/unarchive", headers=headers)).json()["archived"] is False
    assert (await client.http.post(f"{path}/start", headers=headers)).status_code == 202
    assert (await client.http.post(f"{path}/archive", headers=headers)).status_code == 409


async def test_lists_are_filtered_sorted_and_paged(client: Client) -> None:
    headers = await client.headers("anna")
    for name in ("b", "c", "a", "ab"):
        await keep(client, headers, name=name, dataset=f"set-{name[0]}")

    async def names(**params: Any) -> list[str]:
        answer = await client.http.get("/api/v1/jobs", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        return [job["name"] for job in answer.json()["jobs"]]

    assert await names() == ["ab", "a", "c", "b"]
    assert await names(sort_by="name") == ["a", "ab", "b", "c"]
    assert await names(sort_by="name", order="desc", limit=2) == ["c", "b"]
    assert await names(name="A", sort_by="name") == ["a", "ab"] == await names(dataset="set-a", sort_by="name")
    assert await names(dataset="SET-A", type="ALL", status="All", sort_by="name") == ["a", "ab"]
    assert await names(page=2, per_page=3, sort_by="name") == ["c"]
    page = (await client.http.get("/api/v1/jobs?page=1&per_page=3", headers=headers)).json()
    assert page["pagination"] == {
        "page": 1, "per_page": 3, "total": 4, "total_pages": 2, "has_next": True, "has_previous": False,
    }  # fmt: skip
    cursor = (await client.http.get("/api/v1/jobs?sort_by=name&limit=2", headers=headers)).json()["next_cursor"]
    assert await names(sort_by="name", cursor=cursor) == ["b", "c"]
    for wrong in (
        {"cursor": cursor},
        {"page": 1, "cursor": cursor},
        {"page": 99_999},
        {"sort_by": "owner"},
        {"type": "x" * 51},
    ):
        assert (await client.http.get("/api/v1/jobs", params=wrong, headers=headers)).status_code == 422, wrong
