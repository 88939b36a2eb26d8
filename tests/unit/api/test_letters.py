"""Dead letters at the gateway: seen and sent again by administrators, each once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.ids import dead_letter_id
from schemas.ledger import StoredLetter
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


@pytest.mark.parametrize("path", ["", f"/{letter(1).id}"])
async def test_they_are_for_administrators(client: Client, path: str) -> None:
    operator = await client.headers("opal")
    assert (await client.http.get(PLACE + path, headers=operator)).status_code == 403
    assert (await client.http.post(f"{PLACE}/{letter(1).id}/replay", headers=operator)).status_code == 403
    admin = await client.headers("root")
    assert (await client.http.get(f"{PLACE}/nonsense", headers=admin)).status_code == 404
