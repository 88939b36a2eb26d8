"""Bodies of the second version: bare or framed, with the same answers; and what a success tells of itself."""

import time
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.edge.bodies import StrictRoute
from tests.unit.api.conftest import PASSWORD, Client

FRAME = {"metadata": {"request_id": "req_1", "timestamp": "2026-01-05T10:30:00Z", "version": "v2"}}
ANNA = {"username": "anna", "password": PASSWORD}
NEW = {"username": "nina", "email": "nina@example.com", "password": "plum-orbit-canvas-42"}


def faults(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return {(fault["field"], fault["code"]) for fault in answer.json()["error"]["details"]["errors"]}


@pytest.mark.parametrize("frame", [FRAME, {}, {"metadata": None}])
async def test_a_framed_body_is_taken_as_if_it_were_bare(client: Client, frame: dict[str, Any]) -> None:
    root = await client.headers("root")
    signed_in = await client.http.post("/auth/login", json={"data": ANNA, **frame})
    assert signed_in.status_code == 200, signed_in.text
    made = await client.http.post("/api/users", headers=root, json={"data": NEW, **frame})
    assert made.status_code == 201 and made.json()["data"]["username"] == "nina", made.text
    path = f"/api/v2/users/{made.json()['data']['id']}"
    changed = await client.http.put(path, headers=root, json={"data": {"last_name": "Noor"}, **frame})
    assert changed.json()["data"]["last_name"] == "Noor"
    out = {"Authorization": f"Bearer {signed_in.json()['data']['access_token']}"}
    optional = await client.http.post("/auth/logout", headers=out, json={"data": {"all_devices": True}, **frame})
    assert optional.status_code == 200, optional.text


async def test_a_fault_is_named_as_the_callers_data_has_it(client: Client) -> None:
    root = await client.headers("root")
    for data, fault in (
        ({**NEW, "last_name": 7}, ("last_name", "INVALID_TYPE")),
        ({**NEW, "nickname": "x"}, ("nickname", "UNKNOWN_FIELD")),
        ({**NEW, "last_name": "a\x00b"}, ("last_name", "NUL_CHARACTER")),
        ({**NEW, "last_name": 10**30}, ("last_name", "TOO_LARGE")),
    ):
        for body in (data, {"data": data, **FRAME}):
            answer = await client.http.post("/api/v2/users", headers=root, json=body)
            assert fault in faults(answer), body
    wrong = {"data": {**ANNA, "pin": 1}, **FRAME}
    assert faults(await client.http.post("/auth/login", json=wrong)) == {("pin", "UNKNOWN_FIELD")}


@pytest.mark.parametrize(
    "body", [{"data": [ANNA]}, {"data": ANNA, "more": 1}, {"data": None, **FRAME}, FRAME, {"data": {"data": ANNA}}]
)
async def test_what_only_looks_like_a_frame_is_none(client: Client, body: Any) -> None:
    assert (await client.http.post("/auth/login", json=body)).status_code == 422


async def test_the_first_version_has_no_frame(client: Client) -> None:
    for path in ("/api/v1/auth/login", "/api/auth/login"):
        answer = await client.http.post(path, json={"data": ANNA}, headers={"API-Version": "v1"})
        assert ("data", "UNKNOWN_FIELD") in faults(answer)


async def test_an_operation_whose_own_body_has_data_is_asked_bare(client: Client) -> None:
    class Own(BaseModel):
        data: dict[str, int]
        metadata: dict[str, int] = {}

    router = APIRouter(route_class=StrictRoute)
    by_hand = {"requestBody": {"content": {"application/json": {"schema": Own.model_json_schema()}}}}

    @router.post("/api/v2/own")
    async def own(body: Own | None = None) -> Any:
        return body

    @router.post("/api/v2/by-hand", openapi_extra=by_hand)
    async def read(request: Request) -> Any:
        return await request.json()

    client.app.include_router(router)
    body = {"data": {"a": 1}, "metadata": {"b": 2}}
    for path in ("/api/v2/own", "/api/v2/by-hand"):
        assert (await client.http.post(path, json=body)).json() == body, path


async def test_a_success_tells_how_long_it_took_by_the_clock_of_its_header(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + 5)  # but not when a request began
    answer = await client.http.post("/auth/login", json=ANNA)
    told = answer.json()["metadata"]["execution_time_ms"]
    assert isinstance(told, int) and 5000 <= told <= float(answer.headers["x-process-time"]) * 1000 + 1
