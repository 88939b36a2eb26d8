"""Exports over REST: asked for, waited for, downloaded in part and whole, and nobody else's."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from api.edge.ranges import Span, span_of
from tests.unit.api.conftest import Client, World, running
from tests.unit.api.fakes import StoreAway

CONTENT = b"0123456789" * 20


async def finished(client: Client, username: str = "sena", **job: Any) -> dict[str, Any]:
    """A job whose run is over, with its owner's headers."""
    headers = await client.headers(username)
    made = await client.scrape(headers, **{"name": "Die Dokumente – “α”"} | job)
    run = client.world.jobs.runs[made["run_id"]]
    client.world.jobs.runs[made["run_id"]] = replace(run, state="completed")
    return {**made, "headers": headers, "exports": f"/api/v1/exports/{made['job_id']}"}


async def converted(client: Client, job: dict[str, Any], **body: Any) -> Any:
    return await client.http.post(
        f"{job['exports']}/convert", json={"format": "markdown"} | body, headers=job["headers"]
    )


@pytest.fixture
async def senior(world: World) -> World:
    await world.add("sena", "senior_analyst")
    return world


async def test_a_file_is_made_once_and_named_for_every_client(senior: World, client: Client) -> None:
    job = await finished(client)
    answer = await converted(client, job)
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["location"] == body["download_url"]
    assert (await converted(client, job, format="MD")).json()["conversion_id"] == body["conversion_id"]
    download = await client.http.get(body["download_url"], headers=job["headers"])
    assert download.content == CONTENT
    assert download.headers["etag"] == f'"{body["sha256"]}"'
    assert download.headers["content-length"] == str(len(CONTENT)) == str(body["size_bytes"])
    assert "content-encoding" not in download.headers
    plain, _, extended = download.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain == f'attachment; filename="{body["filename"]}"'
    assert body["filename"].isascii()
    assert unquote(extended) == "Die Dokumente – “α”.md"
    look = await client.http.head(body["download_url"], headers=job["headers"])
    assert look.content == b""
    assert look.headers["content-length"] == str(len(CONTENT))
    acts = [(act.action, act.actor) for act in senior.exports.acts]
    assert acts == [(name, senior.ids["sena"]) for name in ("export_asked", "export_asked", "export_downloaded")]


async def test_of_a_run_whose_records_were_removed_no_file_is_made(senior: World, client: Client) -> None:
    job = await finished(client)
    senior.jobs.change(job["run_id"], cleanup_at=datetime.now(UTC))
    answer = await converted(client, job)
    assert answer.status_code == 409 and "were removed" in answer.json()["error"]["message"]
    assert not senior.exports.kept


async def test_a_job_tells_of_the_files_of_its_run(senior: World, client: Client) -> None:
    job = await finished(client)
    await converted(client, job, format="csv")
    found = (await client.http.get(f"/api/v1/jobs/{job['job_id']}", headers=job["headers"])).json()
    assert [(one["format"], one["run_id"]) for one in found["exports"]] == [("csv", found["run_id"])]
    listed = (await client.http.get(found["links"]["exports"], headers=job["headers"])).json()
    assert listed["exports"] == found["exports"]


async def test_what_takes_longer_is_told_by_its_id(senior: World) -> None:
    senior.exports.made = False
    async with running(senior, export_wait=0.01) as client:
        job = await finished(client)
        answer = await converted(client, job, format="zip", pages="html")
        body = answer.json()
        assert (answer.status_code, body["status"], body["download_url"]) == (202, "queued", None)
        assert body["filename"].endswith("-html.zip")
        missing = await client.http.get(f"{job['exports']}/{body['filename']}", headers=job["headers"])
        assert missing.status_code == 404
        senior.exports.made = True
        again = await client.http.get(answer.headers["location"], headers=job["headers"])
        assert again.json()["conversion_id"] == body["conversion_id"]
        assert again.json()["status"] == "completed"
        listed = (await client.http.get(job["exports"], headers=job["headers"])).json()["exports"]
        assert listed == [again.json()]
        said = (await client.http.get(f"{job['exports']}/metadata", headers=job["headers"])).json()
        assert (said["files"], said["size_bytes"], said["formats"]) == (1, len(CONTENT), ["zip"])


async def test_a_run_that_is_not_over_and_an_owner_with_too_many_are_conflicts(senior: World) -> None:
    async with running(senior, exports_per_user=1) as client:
        headers = await client.headers("sena")
        made = await client.scrape(headers)
        early = await client.http.post(
            f"/api/v1/exports/{made['job_id']}/convert", json={"format": "csv"}, headers=headers
        )
        assert early.status_code == 409
        job = await finished(client)
        assert (await converted(client, job)).status_code == 200
        assert (await converted(client, job, format="csv")).status_code == 409
        assert (await client.http.delete(job["exports"], headers=headers)).json()["deleted"] == 1
        assert (await converted(client, job, format="csv")).status_code == 200
        assert (await converted(client, job, format="pdf")).status_code == 422


async def test_nobody_has_the_files_of_others(senior: World, client: Client) -> None:
    job = await finished(client)
    body = (await converted(client, job)).json()
    foreign = {**job, "headers": await client.headers("opal")}
    assert (await converted(client, foreign)).status_code == 404
    for path in (body["download_url"], f"{job['exports']}/metadata", job["exports"],
                 f"/api/v1/exports/conversions/{body['conversion_id']}"):  # fmt: skip
        assert (await client.http.get(path, headers=foreign["headers"])).status_code == 404
        assert (await client.http.get(path, headers=await client.headers("root"))).status_code == 200
    assert (await client.http.delete(job["exports"], headers=foreign["headers"])).status_code == 404
    other = await finished(client)
    stray = await client.http.get(f"{other['exports']}/{body['filename']}", headers=other["headers"])
    assert stray.status_code == 404
    anna = {**await finished(client, "anna")}
    assert (await converted(client, anna)).status_code == 403


async def test_chosen_records_are_a_file_of_their_own_that_says_so(senior: World, client: Client) -> None:
    job = await finished(client)
    whole = (await converted(client, job, format="csv")).json()
    assert (whole["where"], whole["since"], whole["until"]) == ([], None, None)
    choice = {"where": ["price>=10", " in_stock=true"], "since": "2026-01-05T11:30:00.0009+01:00"}
    part = (await converted(client, job, format="csv", **choice)).json()
    assert part["conversion_id"] != whole["conversion_id"] and "-part-" in part["filename"]
    assert "-part-" not in whole["filename"]
    assert (part["where"], part["since"]) == (["in_stock=true", "price>=10"], "2026-01-05T10:30:00Z")
    same = {"where": ["in_stock=true", "price>=10", "price>=10"], "since": "2026-01-05T10:30:00Z"}
    assert (await converted(client, job, format="csv", **same)).json()["conversion_id"] == part["conversion_id"]
    for other in (
        {**same, "until": "2026-02-01T00:00:00Z"},
        {**same, "where": ["price>=10"]},
        {"where": same["where"]},
    ):
        assert (await converted(client, job, format="csv", **other)).json()["filename"] != part["filename"]
    told = senior.exports.acts[1].details
    assert told["where"] == part["where"] and told["since"] == "2026-01-05T10:30:00.000Z"


@pytest.mark.parametrize("where", ["price", "price>=dear", "="])
async def test_a_condition_is_refused_with_the_words_of_a_jobs_records(
    senior: World, client: Client, where: str
) -> None:
    job = await finished(client)
    answers = [
        await converted(client, job, where=[where]),
        await client.http.get(f"/api/v1/jobs/{job['job_id']}/records", params={"where": where}, headers=job["headers"]),
    ]
    (exported, listed) = [answer.json()["error"] for answer in answers]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert (exported["code"], exported["details"]["errors"]) == (listed["code"], listed["details"]["errors"])


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "2026-01-05T00:00:00Z", "until": "2026-01-05T00:00:00Z"},
        {"since": "2026-01-05T00:00:00"},
        {"since": "0001-01-01T00:00:00+23:59"},
        {"where": ["a=1"] * 11},
        {"where": ["a=" + "1" * 300]},
        {"format": "xls"},
        {"format": "xlsx", "compress": True},
        {"format": "zip", "compress": True},
        {"format": "epub", "compress": True},
        {"format": "csv", "compress": True, "password": "twelve letters and more"},
        {"password": "elevenchars"},
        {"password": "x" * 129},
        {"password": "twelve letters, ümlaut"},
        {"password": "twelve\tletters and a tab"},
    ],
)
async def test_what_does_not_fit_together_is_refused_with_a_sentence(
    senior: World, client: Client, asked: dict[str, Any]
) -> None:
    job = await finished(client)
    answer = await converted(client, job, **asked)
    assert answer.status_code == 422, answer.text
    assert asked.get("password", "–") not in answer.text
    assert answer.json()["error"]["details"]["errors"][0]["message"]
    assert not senior.exports.kept


@pytest.mark.parametrize(("format", "ending"), [("csv", "csv.gz"), ("xml", "xml.gz"), ("markdown", "md.gz")])
async def test_a_text_may_be_packed(senior: World, client: Client, format: str, ending: str) -> None:
    job = await finished(client)
    plain = (await converted(client, job, format=format)).json()
    body = (await converted(client, job, format=format, compress=True)).json()
    assert body["conversion_id"] != plain["conversion_id"]
    assert (body["media_type"], body["filename"].partition(".")[2]) == ("application/gzip", ending)
    download = await client.http.get(body["download_url"], headers=job["headers"])
    assert download.headers["content-type"] == "application/gzip" and "content-encoding" not in download.headers
    assert unquote(download.headers["content-disposition"]).endswith(f"“α”.{ending}")


async def test_a_password_makes_a_file_of_its_own_and_is_told_to_nobody(
    senior: World, client: Client, logged: list[Any]
) -> None:
    job, password = await finished(client), "a horse, 4 batteries & a staple"
    answers = [await converted(client, job, format="csv", password=password) for _ in range(2)]
    bodies = [answer.json() for answer in answers]
    listed = await client.http.get(job["exports"], headers=job["headers"])
    assert len({body["conversion_id"] for body in bodies}) == len({body["filename"] for body in bodies}) == 2
    for body in bodies:
        assert (body["encrypted"], body["media_type"], body["format"]) == (True, "application/zip", "csv")
        assert body["filename"].endswith(".csv.zip")
    assert [one.password for one in senior.exports.asked] == [password, password]
    said = [listed.text, *(answer.text for answer in answers), repr(senior.exports.asked), repr(senior.exports.acts)]
    assert not [text for text in [*said, repr(logged)] if password in text]
    assert senior.exports.acts[0].details["encrypted"] is True


async def test_one_key_makes_one_file_with_a_password(senior: World, client: Client) -> None:
    job = await finished(client)
    headers = {**job["headers"], "Idempotency-Key": "k-1"}
    body = {"format": "csv", "password": "a horse, 4 batteries & a staple"}
    twice = [await client.http.post(f"{job['exports']}/convert", json=body, headers=headers) for _ in range(2)]
    assert twice[0].json()["conversion_id"] == twice[1].json()["conversion_id"]
    assert twice[1].headers["idempotency-replayed"] == "true" and len(senior.exports.kept) == 1


async def test_mail_needs_a_server_and_an_address_of_ones_own(senior: World) -> None:
    async with running(senior, mail=False) as client:
        job = await finished(client)
        answer = await converted(client, job, email=True)
        assert answer.status_code == 422 and "mail server" in answer.text
    async with running(senior, mail=True) as client:
        job = await finished(client)
        senior.accounts.change(senior.ids["sena"], email=None)
        answer = await converted(client, job, email=True)
        assert answer.status_code == 422 and "no e-mail address" in answer.text
        senior.accounts.change(senior.ids["sena"], email="sena@example.com")
        assert (await converted(client, job, email=True)).status_code == 200
        assert [one.mail for one in senior.exports.asked] == [True]


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "..", "%00", "a" * 300, "metadata%2f..", "x.md%0d%0aX: y"])
async def test_a_name_is_looked_up_and_never_a_path(senior: World, client: Client, name: str) -> None:
    job = await finished(client)
    answer = await client.http.get(f"{job['exports']}/{name}", headers=job["headers"])
    assert answer.status_code in (404, 405, 422) or answer.json().keys() == {"exports"}


async def test_a_part_is_a_part_of_the_same_file(senior: World, client: Client) -> None:
    job = await finished(client)
    body = (await converted(client, job)).json()
    etag, address = f'"{body["sha256"]}"', body["download_url"]

    async def part(**headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.http.get(address, headers=job["headers"] | named)

    got = await part(range="bytes=195-", if_range=etag)
    assert (got.status_code, got.content, got.headers["content-range"]) == (206, b"56789", "bytes 195-199/200")
    assert (await part(range="bytes=195-", if_range='"another"')).content == CONTENT
    assert (await part(if_none_match=f'W/"x", {etag}')).status_code == 304
    assert (await part(if_match='"another"')).status_code == 412
    beyond = await part(range="bytes=200-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */200")


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-0", Span(206, 0, 1)),
        ("bytes=-3", Span(206, 7, 10)),
        ("bytes=-30", Span(206, 0, 10)),
        ("bytes=5-999999999999", Span(206, 5, 10)),
        ("bytes=-0", Span(416)),
        ("bytes=5-4", Span(200, 0, 10)),
        ("bytes=0-1,3-4", Span(200, 0, 10)),
        ("bytes=-", Span(200, 0, 10)),
        ("lines=1-2", Span(200, 0, 10)),
        ("bytes=1" + "0" * 40 + "-", Span(200, 0, 10)),
    ],
)
def test_ranges(asked: str, span: Span) -> None:
    assert span_of({"range": asked}, '"e"', 10) == span


def test_an_empty_file_has_no_part() -> None:
    assert span_of({"range": "bytes=0-"}, '"e"', 0) == Span(416)
    assert span_of({}, '"e"', 0) == Span(200, 0, 0)


async def test_statistics_are_ones_own_or_everyones(senior: World, client: Client) -> None:
    async def stats(username: str) -> Any:
        return (await client.http.get("/api/v1/system/stats", headers=await client.headers(username))).json()

    own = await stats("sena")
    assert (own["scope"], own["storage"]) == ("own", None)
    assert own["jobs"] == {"total": 6, "by_status": {"queued": 1, "running": 2, "completed": 3}}
    everyone = await stats("opal")
    assert (everyone["scope"], everyone["storage"]["size_bytes"]) == ("all", 700)
    await stats("opal")
    assert senior.figures.asked == [senior.ids["sena"], None]


async def test_statistics_are_told_without_the_warehouse(senior: World, client: Client) -> None:
    senior.figures.away = StoreAway()
    answer = await client.http.get("/api/v1/system/stats", headers=await client.headers("opal"))
    assert (answer.status_code, answer.json()["storage"]) == (200, None)
