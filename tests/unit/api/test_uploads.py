"""Records from outside at the gateway: read in three forms, wrong lines named, everything in one transaction."""

import json
from typing import Any

import pytest

from api.edge.integers import SAID
from schemas.events.pipelines import Pipelines
from schemas.events.trends import TrendRule, TrendRules
from schemas.parting import MAX_RECORDS
from tests.unit.api.conftest import Client

PLACE = "/api/v1/records"
JSONL = {"Content-Type": "application/jsonl"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}


async def test_a_document_says_what_its_records_are(client: Client) -> None:
    anna = await client.headers("anna")
    body = {
        "dataset": "shop", "key": "sku", "fields": {"sku": {"required": True}, "cost": "price"},
        "clean": {"computed": {"gross": "cost * 2"}}, "records": [{"sku": "a", "cost": "£1"}],
    }  # fmt: skip
    answer = await client.http.post(PLACE, json=body, headers=anna)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    ((opening, (upload,)),) = client.world.uploads.opened
    assert (told["run_id"], told["accepted"], told["rejected"]) == (opening.run_id, 1, 0)
    assert answer.headers["Location"] == f"/api/v1/jobs/{opening.job_id}"
    assert (upload.run_id, upload.part, upload.dataset, upload.rules.key) == (opening.run_id, 0, "shop", ["sku"])
    assert (upload.rules.fields["sku"].required, upload.rules.fields["cost"].type) == (True, "price")
    assert upload.rules.pipelines == Pipelines(computed={"gross": "cost * 2"})
    assert [act.action for act in client.world.uploads.acts] == ["records_uploaded"]


async def test_lines_that_are_no_records_are_named_and_the_others_taken(client: Client) -> None:
    anna = await client.headers("anna")
    crowded = '{"a":[' + ",".join(["[]"] * 100_000) + "]}"
    lines = ['{"sku":"a"}', "", "{oops", "7", "{}", '{"sku":"b\\u0000"}', '{"sku":"c"}', crowded]
    answer = await client.http.post(f"{PLACE}?dataset=shop&key=sku", content="\n".join(lines), headers=anna | JSONL)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (2, 5)
    assert [error["line"] for error in told["errors"]] == [3, 4, 5, 6, 8]
    assert "100000 objects and lists" in told["errors"][-1]["message"]
    ((_, (upload,)),) = client.world.uploads.opened
    assert upload.records == [{"sku": "a"}, {"sku": "c"}]


async def test_a_record_with_a_number_that_would_be_stored_as_another_is_refused(client: Client) -> None:
    """A whole number beyond 64 bits would be a floating one."""
    anna = await client.headers("anna")
    lines = ['{"sku":"a","n":18446744073709551615}', '{"sku":"b","n":18446744073709551616}']
    answer = await client.http.post(f"{PLACE}?dataset=shop&key=sku", content="\n".join(lines), headers=anna | JSONL)
    assert answer.json()["errors"] == [{"line": 2, "message": SAID}]
    ((_, (upload,)),) = client.world.uploads.opened
    assert upload.records == [{"sku": "a", "n": 2**64 - 1}]
    body = f'{{"dataset": "shop", "records": [{",".join(lines)}]}}'
    answer = await client.http.post(PLACE, content=body, headers=anna | {"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["errors"] == [
        {"field": "records.1.n", "message": SAID, "code": "TOO_LARGE"}
    ]


async def test_csv_names_its_fields_in_the_first_row(client: Client) -> None:
    anna = await client.headers("anna")
    body = '\ufeffsku,name,cost\r\na,"Kettle, blue",£1\r\nb,,£2\r\nc,too,many,cells\r\n'
    answer = await client.http.post(f"{PLACE}?dataset=shop&fields=cost:price", content=body, headers=anna | CSV)
    assert answer.json()["errors"] == [{"line": 4, "message": "It has 4 cells; the first row names 3 fields."}]
    ((_, (upload,)),) = client.world.uploads.opened
    assert upload.records == [{"sku": "a", "name": "Kettle, blue", "cost": "£1"}, {"sku": "b", "cost": "£2"}]
    assert upload.rules.fields["cost"].type == "price"


async def test_an_upload_may_ask_for_what_is_new_and_changed(client: Client) -> None:
    anna = await client.headers("anna")
    memory = TrendRules(memory=True)
    for query, said, rules in (
        ("", {}, None),
        ("&memory=true", {}, memory),
        ("", {"memory": True}, memory),
        ("", {"trends": {"memory": True, "sensitivity": "many"}}, TrendRules(memory=True, sensitivity="many")),
        ("", {"trends": {"rules": [{"when": "new"}]}}, TrendRules(memory=True, rules=[TrendRule(when="new")])),
    ):
        answer = await client.http.post(
            f"{PLACE}?dataset=shop{query}", json={"records": [{"a": 1}]} | said, headers=anna
        )
        assert answer.status_code == 202, answer.text
        assert client.world.uploads.opened[-1][1][0].rules.trends == rules
    answer = await client.http.post(f"{PLACE}?dataset=d&memory=true", content="a\n1", headers=anna | CSV)
    assert answer.status_code == 202 and client.world.uploads.opened[-1][1][0].rules.trends == memory


async def test_ten_thousand_records_are_parts_of_one_run(client: Client) -> None:
    anna = await client.headers("anna")
    records = [{"n": number} for number in range(10_000)]
    answer = await client.http.post(f"{PLACE}?dataset=shop", json=records, headers=anna)
    assert answer.status_code == 202, answer.text
    ((opening, uploads),) = client.world.uploads.opened
    assert [record for upload in uploads for record in upload.records] == records
    assert [upload.part for upload in uploads] == list(range(len(uploads)))
    assert {len(upload.records) for upload in uploads} == {MAX_RECORDS}
    assert len({upload.id for upload in uploads}) == opening.max_pages == 20
    more = await client.http.post(f"{PLACE}?dataset=shop", json=[*records, {"n": 0}], headers=anna)
    assert (more.status_code, more.json()["error"]["details"]["field"]) == (422, "records")
    assert len(client.world.uploads.opened) == 1


@pytest.mark.parametrize(
    ("query", "body", "kind", "status", "field"),
    [
        ("", [{"a": 1}], "application/json", 422, "dataset"),
        ("?dataset=-bad", [{"a": 1}], "application/json", 422, "dataset"),
        ("?dataset=d", [], "application/json", 422, "records"),
        ("?dataset=d", {"records": {"a": 1}}, "application/json", 422, "records"),
        ("?dataset=d", {"records": [{"a": 1}], "feilds": {}}, "application/json", 422, "feilds"),
        ("?dataset=d", [7, "x"], "application/json", 422, "line 1"),
        ("?dataset=d&fields=a:prize", [{"a": 1}], "application/json", 422, "fields.a.type"),
        ("?dataset=d", {"records": [{"a": 1}], "clean": {"computed": {"b": "a +"}}}, "application/json", 422,
         "clean.computed.b"),
        ("?dataset=d", {"records": [{"a": 1}], "trends": {"rules": [{"when": "gone"}]}}, "application/json", 422,
         "trends"),
        ("?dataset=d", "{oops", "application/json", 400, "body"),
        ("?dataset=d", "a,a\n1,2", "text/csv", 422, "body"),
        ("?dataset=d", "<a/>", "text/xml", 422, "body"),
    ],
)  # fmt: skip
async def test_what_cannot_be_taken_is_refused_whole(
    client: Client, query: str, body: Any, kind: str, status: int, field: str
) -> None:
    anna = await client.headers("anna")
    content = body if isinstance(body, str) else json.dumps(body)
    answer = await client.http.post(PLACE + query, content=content, headers=anna | {"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (status, field), answer.text
    assert client.world.uploads.opened == []


async def test_only_who_may_write_uploads(client: Client) -> None:
    viewer = await client.headers("vera")
    assert (await client.http.post(f"{PLACE}?dataset=d", json=[{"a": 1}], headers=viewer)).status_code == 403
