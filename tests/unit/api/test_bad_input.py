"""Whatever is sent: an answer below 500, in the one format, and what is stored is what was sent."""

import asyncio
import json
import tracemalloc
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.edge.bodies import MOST_CONTAINERS, crowd, fault_of
from api.edge.integers import SAID, beyond
from tests.unit.api.conftest import Client, World, listening, running
from tests.unit.api.naughty import NAUGHTY, UNSTORABLE, URLS

JSON = {"Content-Type": "application/json"}
BASE: dict[str, Any] = {"url": "http://shop.test/"}


def fits(answer: httpx.Response) -> None:
    """Below 500, and an error names a field and a reason."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert error["message"] and error["code"] and error["details"]["reason"] and "field" in error["details"]
        assert answer.json()["metadata"]["request_id"]


def jobs_with(text: str) -> list[dict[str, Any]]:
    """Job descriptions with `text` in every place that takes text; what one field refuses does not hide another's."""
    free = {"description": text, "filters": {text: [text]}}
    return [
        BASE | free | {"export_formats": [text], "extract": {"fields": {"a": {"css": "b", "default": text}}}},
        BASE | {"notifications": {text: text, "on_failure": [text]}},
        BASE | {"schedule": text},
        BASE | {"schedule": {"cron": text, "timezone": text, "at": text, "interval": text}},
        BASE | {"name": text},
        {"url": text, "dataset": text, "type": text, "config": {text: text}},
        BASE | {"selectors": {"title": text}, "extract": {"items": text}},
        BASE | {"extract": {"fields": {text: text, "a": {"xpath": text, "type": text}}, "key": text}},
        BASE | {"options": {"allow": [text], "deny": [text]}},
        BASE | {"options": {"user_agent": text, "headers": {text: text}}},
        BASE
        | {"options": {"max_pages": text, "delay": text, "scope": text, "priority": text, "follow": text}, text: text},
    ]


async def test_naughty_strings_in_the_fields_of_a_job(client: Client) -> None:
    """Each string in two of the places; tests/integration/api/test_naughty.py has every operation."""
    headers = await client.headers("anna") | JSON
    accepted = 0
    for number, text in enumerate([*NAUGHTY, *UNSTORABLE]):
        jobs = jobs_with(text)
        for job in (jobs[0], jobs[number % len(jobs)]):
            answer = await client.http.post("/api/v1/scrape", headers=headers, content=json.dumps(job).encode())
            fits(answer)
            if answer.status_code == 202:
                accepted += 1
                kept = client.world.jobs.openings[answer.json()["job_id"]]
                if job.get("description") == text:
                    assert kept.description["description"] in (text, text.strip())
                if "filters" in job:
                    assert kept.description["filters"] in ({text: [text]}, {text.strip(): [text]})
                orjson.dumps(kept.description)
    assert len(NAUGHTY) >= 515 and accepted > 50


async def test_naughty_origins_at_a_socket(world: World) -> None:
    async with listening(world) as (address, _):
        host, port = address.split(":")
        for text in ("http://[", "http://[::1", *(text for text in URLS if text.isascii())):
            reader, writer = await asyncio.open_connection(host, int(port))
            asked = (
                "GET /api/v1/stream HTTP/1.1",
                f"Host: {address}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                f"Origin: {text}",
            )
            writer.write("\r\n".join((*asked, "", "")).encode())
            async with asyncio.timeout(60):
                answer = await reader.readline()
            assert answer.split()[1] == b"403", (text, answer)
            writer.close()


@pytest.mark.parametrize("charset", ["undefined", "utf-16", "punycode", "idna", "nothing", "rot13", "\xff", "latin-1"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
async def test_a_form_in_another_encoding_is_refused_with_a_sentence(client: Client, kind: str, charset: str) -> None:
    content = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nanna\r\n--x--\r\n'
    headers = {b"Content-Type": f"{kind}; charset={charset}".encode("latin-1"), b"Origin": b"http://gateway.test"}
    for path in ("/api/v1/auth/login", "/sign-in"):
        answer = await client.http.post(path, headers=headers, content=content)
        fits(answer)
        assert answer.status_code in (400, 422) and "Send the form in UTF-8." in answer.text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff\xfe{}", 400),
        (b"\xc3\x28", 400),
        (b'{"url": "http://shop.test/\xff"}', 400),
        (b'{"url": "\\ud800"}', 400),
        (b'{"url": "http://x.test/", "name": "\\udfff\\ud800"}', 400),
        (b'{"url": "http://x.test/", "name": "a\\u0000b"}', 422),
        (b'{"url": "http://x.test/", "filters": {"a\\u0000": 1}}', 422),
        (b'{"url": "http://x.test/", "filters": {"a": [[["\\u0000"]]]}}', 422),
        (b'{"url": "http://x.test/", "filters": {"a": NaN}}', 400),
        (b'{"url": "http://x.test/", "filters": {"a": Infinity}}', 400),
        (b'{"url": "http://x.test/", "filters": {"a": 1e999}}', 400),
        (b'{"url": "http://x.test/", "options": {"max_pages": 1e300}}', 422),
        (b'{"url": "http://x.test/", "options": {"max_pages": ' + b"9" * 5000 + b"}}", 400),
        (b'{"url": "http://x.test/", "options": {"max_pages": 99999999999999999999}}', 422),
        (b'{"url": "http://x.test/", "options": {"max_depth": -1}}', 422),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000, 400),
        (b'{"url": "http://x.test/", "filters": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}", 422),
        (b"[]", 422),
        (b"null", 422),
        (b"1", 422),
        (b'"x"', 422),
        (b'{"url": null}', 422),
        (b'{"urls": []}', 422),
        (b'{"url": {"$ne": 1}}', 422),
        (b'{"config": [1]}', 422),
        (b'{"config": {"options": 3}, "options": 4}', 422),
        (b'{"url": "http://x.test/", "urls": "y"}', 422),
        (b'{"url": "http://x.test/", "extract": "x"}', 422),
        (b'{"url": "http://x.test/", "extract": {"fields": []}}', 422),
        (b'{"url": "http://x.test/", "selectors": 7}', 422),
        (b'{"url": "http://x.test/", "options": null}', 422),
    ],
)
async def test_bodies_that_are_wrong_in_one_way_or_another(client: Client, content: bytes, status: int) -> None:
    headers = await client.headers("anna") | JSON
    for path in ("/api/v1/scrape", "/api/v1/auth/keys"):
        answer = await client.http.post(path, headers=headers, content=content)
        fits(answer)
        assert answer.status_code >= 400
        if path == "/api/v1/scrape":
            assert answer.status_code == status, answer.text
    assert not client.world.jobs.runs


async def test_more_objects_and_lists_than_anybody_means_are_refused_before_they_are_made(client: Client) -> None:
    headers = await client.headers("anna") | JSON
    content = b'{"url": "http://shop.test/", "filters": {"a": [%s]}}' % b",".join([b"[]"] * MOST_CONTAINERS)
    answer = await client.http.post("/api/v1/scrape", headers=headers, content=content)
    fits(answer)
    assert answer.status_code == 422 and answer.json()["error"]["details"]["errors"][0]["code"] == "TOO_MANY"
    in_text = orjson.dumps({"a": '[{\\"' * MOST_CONTAINERS, "b": [{}]})
    assert crowd(in_text) is None, "those in texts are none"


def test_looking_for_what_is_wrong_needs_no_memory_for_what_is_right() -> None:
    """A text for each place would be a hundred megabytes here, and more than there is for a larger body."""
    names = b"k" * 20_000
    lists = b'{"%s": [%s, %s]}' % (names, b",".join([b"[]"] * 5_000), b"9" * 20)
    value = orjson.loads(lists)
    tracemalloc.start()
    try:
        assert fault_of(value, depth=64) is None
        assert (beyond(lists) or "").startswith("kkk")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", "9" * 30, "-" + "9" * 300])
async def test_a_whole_number_that_would_come_back_as_another_is_refused(client: Client, number: str) -> None:
    """The reader would make a floating number of it without a word."""
    headers = await client.headers("anna") | JSON
    content = b'{"url": "http://shop.test/", "filters": {"a": [1, {"b": %s}]}}' % number.encode()
    answer = await client.http.post("/api/v1/scrape", headers=headers, content=content)
    fits(answer)
    assert answer.status_code == 422 and answer.json()["error"]["details"]["errors"] == [
        {"field": "filters.a.1.b", "message": SAID, "code": "TOO_LARGE"}
    ]


@pytest.mark.parametrize(
    "number", [2**64 - 1, -(2**63), 1e300, 1e20, 12345678901234567000.0, 0.12345678901234568, "9" * 30]
)
async def test_every_other_number_is_kept_as_it_is(client: Client, number: object) -> None:
    headers = await client.headers("anna")
    answer = await client.http.post("/api/v1/scrape", headers=headers, json=BASE | {"filters": {"a": number}})
    assert answer.status_code == 202, answer.text
    kept = client.world.jobs.openings[answer.json()["job_id"]].description["filters"]["a"]
    assert kept == number and type(kept) is type(number)


async def test_a_description_whose_pattern_cannot_be_compiled_is_refused(client: Client) -> None:
    headers = await client.headers("anna")
    for pattern in ("a{99999999999999999999}", "(" * 240 + ")" * 240, "(?i" * 100, "["):
        job = BASE | {"options": {"allow": [pattern]}}
        fits(await client.http.post("/api/v1/scrape", headers=headers, json=job))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "", "application/json;charset=utf-16", "\x01"]
)
async def test_bodies_of_another_type(client: Client, kind: str) -> None:
    headers = await client.headers("anna") | {"Content-Type": kind}
    for path in ("/api/v1/scrape", "/api/v1/auth/login", "/auth/refresh"):
        fits(await client.http.post(path, headers=headers, content=b'{"url": "http://x.test/"}'))


async def test_forms_that_are_wrong(client: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    for headers, content in (
        (form, b"username=%00&password=x"),
        (form, b"username=%ff%fe&password=x"),
        (form, b"&".join(b"a=1" for _ in range(1000))),
        (form, b"username[]=a&username[]=b"),
        (form, b"="),
        (multipart, b"--x\r\n\r\nx\r\n--x--"),
        (multipart, b'--x\r\nContent-Disposition: form-data; name="username"; filename="f"\r\n\r\nx\r\n--x--\r\n'),
        (
            multipart,
            b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\n' + b"x" * 100_000 + b"\r\n--x--\r\n",
        ),
        (multipart, b"nothing of the kind"),
        ({"Content-Type": "multipart/form-data"}, b"x"),
    ):
        answer = await client.http.post("/api/v1/auth/login", headers=headers, content=content)
        fits(answer)
        assert answer.status_code in (400, 401, 422)


async def test_nul_in_an_address_is_refused(client: Client) -> None:
    headers = await client.headers("anna")
    for path in ("/api/v1/jobs/%00", "/api/v1/jobs?status=%00", "/%00", "/api/v1/trends?dataset=a%00b"):
        answer = await client.http.get(path, headers=headers)
        assert answer.status_code == 422 and answer.json()["error"]["details"]["errors"][0]["code"] == "NUL_CHARACTER"


async def test_what_was_sent_is_never_repeated_in_a_complaint(client: Client) -> None:
    secret = "hunter2" * 200
    answer = await client.http.post("/api/v1/auth/login", json={"username": "anna", "password": secret, "pin": secret})
    assert answer.status_code == 422 and "hunter2" not in answer.text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["url", "urls", "name", "dataset", "options", "extract", "filters", "config", "selectors", "schedule"]
)


def test_anything_at_all_as_a_job() -> None:
    async def prepared() -> tuple[Any, Client, dict[str, str]]:
        world = World()
        await world.add("anna", "analyst")
        context = running(world)
        client = await context.__aenter__()
        return context, client, await client.headers("anna") | JSON

    with asyncio.Runner() as runner:
        context, client, headers = runner.run(prepared())

        @settings(max_examples=300)
        @given(st.dictionaries(NAMES, VALUES, max_size=4) | VALUES)
        def attempt(job: Any) -> None:
            body = json.dumps(job).encode()
            fits(runner.run(client.http.post("/api/v1/scrape", headers=headers, content=body)))

        attempt()
        runner.run(context.__aexit__(None, None, None))
