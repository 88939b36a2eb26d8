"""Looking things up in the audit log, in the request log, and in what the processes said."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from schemas.accounts import Act
from schemas.observed import LineFilter, RequestFilter, StoredLine, StoredRequest
from tests.unit.api.conftest import Client

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PATHS = ("/api/v1/audit", "/api/v1/audit/export", "/api/v1/audit/chain")


def acted(client: Client, count: int) -> None:
    for number in range(count):
        act = Act(actor=client.world.ids["anna"], action="job_created", object=f"job {number % 3}",
                  request_id=f"req_{number}", address="192.0.2.7", details={"text": "=1+1"})  # fmt: skip
        client.world.audit.add(act, NOON + timedelta(minutes=number))


@pytest.mark.parametrize("path", PATHS)
async def test_the_audit_log_is_for_administrators(client: Client, path: str) -> None:
    assert (await client.http.get(path)).status_code == 401
    for username in ("vera", "anna", "opal"):
        assert (await client.http.get(path, headers=await client.headers(username))).status_code == 403


@pytest.mark.parametrize("path", ["/api/v1/system/logs", "/api/v1/system/requests"])
async def test_logs_are_for_operators(client: Client, path: str) -> None:
    assert (await client.http.get(path)).status_code == 401
    for username, status in (("vera", 403), ("anna", 403), ("opal", 200), ("root", 200)):
        assert (await client.http.get(path, headers=await client.headers(username))).status_code == status


async def test_lines_come_newest_first_with_names_piece_by_piece(client: Client) -> None:
    client.world.audit.names = {user_id: name for name, user_id in client.world.ids.items()}
    acted(client, 5)
    headers = await client.headers("root")
    seen: list[int] = []
    asked: dict[str, Any] = {"limit": 2}
    while True:
        page = (await client.http.get("/api/v1/audit", params=asked, headers=headers)).json()
        assert {entry["username"] for entry in page["entries"]} == {"anna"}
        seen += [entry["id"] for entry in page["entries"]]
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("cursor", ["x", "WyItMSJd", "WyLCsiJd", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ"])
async def test_a_cursor_of_nowhere_is_refused(client: Client, cursor: str) -> None:
    answer = await client.http.get("/api/v1/audit", params={"cursor": cursor}, headers=await client.headers("root"))
    assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == "cursor"


async def test_each_filter_filters(client: Client) -> None:
    acted(client, 6)
    headers = await client.headers("root")

    async def found(**asked: str) -> list[int]:
        page = (await client.http.get("/api/v1/audit", params=asked, headers=headers)).json()
        return [entry["id"] for entry in page["entries"]]

    assert await found(object="job 1") == [5, 2]
    assert await found(request_id="req_3") == [4]
    assert await found(**{"from": "2026-01-05T12:02:00", "to": "2026-01-05T13:04:00+01:00"}) == [4, 3]
    assert await found(action="other") == await found(address="192.0.2.8") == await found(actor="otto") == []


async def test_an_export_is_whole_audited_and_free_of_formulas(client: Client) -> None:
    acted(client, 3)
    client.world.audit.add(Act(actor="@evil", action="=cmd|'/C calc'!A0", object="\t=x", address="-1", request_id="+2"))
    headers = await client.headers("root")
    answer = await client.http.get("/api/v1/audit/export", params={"format": "csv"}, headers=headers)
    assert (
        answer.headers["content-type"].startswith("text/csv") and "audit.csv" in answer.headers["content-disposition"]
    )
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    evil = rows[3]
    assert [evil[name] for name in ("actor", "action", "object", "request_id", "address")] == [
        "'@evil", "'=cmd|'/C calc'!A0", "\t'=x", "'+2", "'-1"]  # fmt: skip
    assert (rows[4]["action"], rows[4]["actor"]) == ("audit_exported", client.world.ids["root"])
    lines = await client.http.get("/api/v1/audit/export", params={"object": "job 1"}, headers=headers)
    assert [json.loads(line)["id"] for line in lines.text.splitlines()] == [2]
    assert client.world.audit.entries[-1].details["filter"] == {"object": "job 1"}


async def test_how_far_the_chain_is(client: Client) -> None:
    headers = await client.headers("root")
    empty = (await client.http.get("/api/v1/audit/chain", headers=headers)).json()
    assert (empty["position"], empty["sealed_at"], empty["waiting"]) == (0, None, 0)
    client.world.audit.add(Act(actor="x", action="y"))
    found = (await client.http.get("/api/v1/audit/chain", headers=headers)).json()
    assert (found["position"], found["hash"]) == (1, "00" * 32) and found["age_s"] < 60


async def test_logs_are_of_the_last_hour_and_at_least_info(client: Client) -> None:
    for number, level in enumerate(("debug", "info", "error")):
        client.world.process_logs.kept_lines.append(
            StoredLine(id=str(uuid4()), at=NOON + timedelta(seconds=number), level=level, process="fetch",
                       instance="h:1", event="visited", run_id="", fields={"host": "shop.test"}))  # fmt: skip
    headers = await client.headers("opal")
    found = (await client.http.get("/api/v1/system/logs", headers=headers)).json()["logs"]
    assert [line["level"] for line in found] == ["error", "info"]
    assert found[0]["component"] == "fetch" and found[0]["metadata"] == {"host": "shop.test", "instance": "h:1"}
    asked = client.world.process_logs.asked[-1]
    assert isinstance(asked, LineFilter)
    assert timedelta(minutes=59) < datetime.now(UTC) - asked.since < timedelta(minutes=61)
    only = {"level": "error", "component": "fetch", "since": "2026-01-05T12:00:00Z", "limit": "1"}
    found = (await client.http.get("/api/v1/system/logs", params=only, headers=headers)).json()
    assert [line["level"] for line in found["logs"]] == ["error"] and found["next_cursor"] is None
    assert client.world.process_logs.asked[-1] == LineFilter(levels=("error", "critical"), since=NOON, process="fetch")


async def test_requests_are_asked_for_as_they_were_filtered(client: Client) -> None:
    for number in range(3):
        client.world.process_logs.kept_requests.append(
            StoredRequest(id=str(uuid4()), at=NOON + timedelta(seconds=number), method="GET", path=f"/{number}",
                          route="/{n}", status=200, elapsed_ms=1.5, user="", request_id="r", address="192.0.2.7",
                          user_agent="curl"))  # fmt: skip
    headers = await client.headers("opal")
    asked = {"since": "2026-01-05T12:00:00", "status": "4", "method": "GET", "path": "/api", "limit": "2"}
    page = (await client.http.get("/api/v1/system/requests", params=asked, headers=headers)).json()
    assert [one["path"] for one in page["requests"]] == ["/2", "/1"]
    assert client.world.process_logs.asked[-1] == RequestFilter(since=NOON, status=4, method="GET", path="/api")
    rest = {**asked, "cursor": page["next_cursor"]}
    page = (await client.http.get("/api/v1/system/requests", params=rest, headers=headers)).json()
    assert [one["path"] for one in page["requests"]] == ["/0"] and page["next_cursor"] is None
