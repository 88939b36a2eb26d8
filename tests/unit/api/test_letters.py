"""Dead letters at the gateway: seen and sent again by administrators, each once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas import codec
from schemas.events import CleanBatch, Event, FetchResult, RecordBatch, Upload
from schemas.ids import dead_letter_id, digest
from schemas.ledger import BatchAgain, PageAgain, PartAgain, StoredLetter
from tests.unit.api.conftest import Client

PLACE = "/api/v1/dead-letters"


def letter(offset: int, **changed: Any) -> StoredLetter:
    value = '{"dataset":"shop","records":[{"a":1}]}'
    known: dict[str, Any] = {
        "id": dead_letter_id("uploads", 0, offset), "topic": "uploads", "partition": 0, "offset": offset,
        "stage": "uploads", "code": "handler_failed", "reason": "It failed.", "run_id": "", "value": value,
        "size": len(value), "at": datetime(2026, 1, 1, 0, 0, offset, tzinfo=UTC),
    }  # fmt: skip
    return StoredLetter(**known | changed)


async def test_they_are_listed_newest_first_without_values_and_shown_with_them(client: Client) -> None:
    admin = await client.headers("root")
    client.world.records.stored_letters = [letter(n, stage="cleaning" if n == 3 else "uploads") for n in range(5)]
    first = (await client.http.get(f"{PLACE}?limit=3&stage=uploads", headers=admin)).json()
    rest = (await client.http.get(f"{PLACE}?stage=uploads&cursor={first['next_cursor']}", headers=admin)).json()
    assert [one["offset"] for one in first["letters"] + rest["letters"]] == [4, 2, 1, 0]
    assert "value" not in first["letters"][0]
    one = (await client.http.get(f"{PLACE}/{letter(3).id}", headers=admin)).json()
    assert (one["value"], one["stage"]) == (letter(3).value, "cleaning")


async def test_its_bytes_go_to_its_topic_once(client: Client) -> None:
    admin = await client.headers("root")
    client.world.records.stored_letters = [letter(1)]
    resent = client.world.resent
    resent.broken = True
    assert (await client.http.post(f"{PLACE}/{letter(1).id}/replay", headers=admin)).status_code == 500
    resent.broken = False
    told = [(await client.http.post(f"{PLACE}/{letter(1).id}/replay", headers=admin)).json() for _ in range(2)]
    assert [one["sent"] for one in told] == [True, False]
    ((topic, key, value, headers),) = resent.sent
    assert (topic, key, value) == ("uploads", "shop", letter(1).value.encode())
    assert headers["trawl_replayed"] == headers["ce_id"] == letter(1).id.encode()
    assert [act.action for act in resent.acts] == ["dead_letter_replayed"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": dead_letter_id("x", 0, 0)}, "one record of a message"),
        ({"topic": "elsewhere"}, "Nothing reads from a topic 'elsewhere'"),
        ({"value": "x" * 1_950_000}, "may be cut short"),
    ],
)
async def test_what_cannot_be_sent_again_says_why(client: Client, changed: dict[str, Any], said: str) -> None:
    admin = await client.headers("root")
    one = letter(1, **changed)
    client.world.records.stored_letters = [one]
    answer = await client.http.post(f"{PLACE}/{one.id}/replay", headers=admin)
    assert answer.status_code == 409 and said in answer.text
    assert client.world.resent.sent == []


async def test_bytes_that_are_no_text_are_sent_as_they_were(client: Client) -> None:
    admin = await client.headers("root")
    client.world.records.stored_letters = [letter(1, value="base64:/wAB")]
    await client.http.post(f"{PLACE}/{letter(1).id}/replay", headers=admin)
    assert [(key, value) for _, key, value, _ in client.world.resent.sent] == [("", b"\xff\x00\x01")]


RUN, FP, BATCH = digest("run"), digest("fp"), digest("batch")
OF_RUN: dict[str, Any] = {"id": BATCH, "dataset": "d", "run_id": RUN, "job_id": digest("job"), "url": "", "url_fp": FP,
                          "fetch_id": digest("f"), "fetched_at": "2026-01-01T00:00:00Z"}  # fmt: skip


def given_up(topic: str, event: Event, stage: str) -> StoredLetter:
    """The letter of a message of a run."""
    return letter(1, id=dead_letter_id(topic, 0, 1), topic=topic, stage=stage, value=codec.encode(event).decode())


async def test_raw_records_that_were_counted_as_rejected_go_as_another_batch(client: Client) -> None:
    admin = await client.headers("root")
    one = given_up("raw-records", RecordBatch(**OF_RUN, records=[{"a": 1}, {"a": 2}]), "cleaning")
    client.world.records.stored_letters = [one]
    early = await client.http.post(f"{PLACE}/{one.id}/replay", headers=admin)
    assert early.status_code == 409 and "not counted these records yet" in early.text
    client.world.records.batches[RUN, BATCH] = 0
    assert (await client.http.post(f"{PLACE}/{one.id}/replay", headers=admin)).json()["sent"]
    anew = digest(one.id, "again")
    assert client.world.resent.again == [BatchAgain(RUN, BATCH, anew)]
    ((_, _, value, _),) = client.world.resent.sent
    sent: RecordBatch = codec.decode("raw-records", value)
    assert (sent.id, sent.run_id, len(sent.records)) == (anew, RUN, 2)


@pytest.mark.parametrize(
    ("topic", "event", "stage", "again"),
    [
        ("raw-pages", FetchResult(fetch_id=digest("f"), run_id=RUN, url_fp=FP, url="u", host="h", attempt=1),
         "extraction", PageAgain(RUN, FP)),
        ("uploads", Upload(dataset="d", records=[{"a": 1}], run_id=RUN, part=3), "uploads",
         PartAgain(RUN, 3, "uploads:0:1:")),
        ("uploads", Upload(dataset="d", records=[{"a": 1}], run_id=RUN, part=2**40), "uploads", None),
        ("clean-records", CleanBatch(**OF_RUN), "trends", None),
    ],
)  # fmt: skip
async def test_what_a_run_may_have_closed_without_is_asked_for(
    client: Client, topic: str, event: Event, stage: str, again: object
) -> None:
    admin = await client.headers("root")
    one = given_up(topic, event, stage)
    client.world.records.stored_letters = [one]
    client.world.resent.closed = "dead_lettered"
    refused = await client.http.post(f"{PLACE}/{one.id}/replay", headers=admin)
    assert refused.status_code == 409 and "ended as dead_lettered" in refused.text
    assert client.world.resent.sent == []
    client.world.resent.closed = ""
    assert (await client.http.post(f"{PLACE}/{one.id}/replay", headers=admin)).json()["sent"]
    assert client.world.resent.again == [again]
    assert [value for _, _, value, _ in client.world.resent.sent] == [one.value.encode()], "as it was"


@pytest.mark.parametrize(("kept", "said"), [(2, "there twice"), (0, "replay the run, or upload them")])
async def test_clean_records_that_were_counted_are_refused(client: Client, kept: int, said: str) -> None:
    admin = await client.headers("root")
    one = given_up("clean-records", CleanBatch(**OF_RUN, counted_in=2, rejected=2), "warehouse")
    client.world.records.stored_letters, client.world.records.batches[RUN, BATCH] = [one], kept
    answer = await client.http.post(f"{PLACE}/{one.id}/replay", headers=admin)
    assert answer.status_code == 409 and said in answer.text


@pytest.mark.parametrize("path", ["", f"/{letter(1).id}"])
async def test_they_are_for_administrators(client: Client, path: str) -> None:
    operator = await client.headers("opal")
    assert (await client.http.get(PLACE + path, headers=operator)).status_code == 403
    assert (await client.http.post(f"{PLACE}/{letter(1).id}/replay", headers=operator)).status_code == 403
    admin = await client.headers("root")
    assert (await client.http.get(f"{PLACE}/nonsense", headers=admin)).status_code == 404
