"""The version of the interface, by path or by header."""

import pytest
from websockets.exceptions import InvalidStatus

from schemas.events import RequestLog
from tests.unit.api.conftest import PASSWORD, Client, World, listening
from tests.unit.api.patient import connect

ANNA = {"username": "anna", "password": PASSWORD}
FRAMED = ("/auth/login", "/api/auth/login", "/api/v2/auth/login")


async def test_a_version_that_there_is_not_is_a_400(client: Client) -> None:
    headers = await client.headers("root")
    for version in ("v9", "", "1", "v1, v2", "v1\x00", "ü"):
        for path in ("/api/v1/jobs", "/api/v2/users", "/api/users", "/auth/me", "/nowhere"):
            given = headers | {"API-Version": version.encode()}
            answer = await client.http.get(path, headers=given)  # type: ignore[arg-type]
            error = answer.json()["error"]
            assert answer.status_code == 400 and error["code"] == "BAD_REQUEST", (version, path)
            details = error["details"]
            assert (details["field"], details["errors"][0]["code"]) == ("API-Version", "UNKNOWN_VERSION")
            assert answer.json().get("success", False) is False and answer.headers["x-request-id"]


async def test_the_header_leads_where_the_path_says_nothing(client: Client) -> None:
    for version in ("v1", "v2", None):
        headers = {"API-Version": version} if version else {}
        for path in FRAMED:
            answer = await client.http.post(path, json=ANNA, headers=headers)
            # `/auth` is the second version's name for it, at whatever address without `/api`.
            framed = path != "/api/auth/login" or version != "v1"
            assert answer.status_code == 200 and ("success" in answer.json()) is framed, (path, version)
        plain = await client.http.post("/api/v1/auth/login", json=ANNA, headers=headers)
        assert "access_token" in plain.json(), "the path wins"
    entry = client.world.telemetry.events[-1]
    assert isinstance(entry, RequestLog) and entry.route == "/api/v1/auth/login"


async def test_what_only_one_version_has_is_there_for_that_one(client: Client) -> None:
    root = await client.headers("root")
    for path, version, status in (
        ("/api/jobs", "v1", 200),
        ("/api/jobs", "v2", 404),
        ("/api/jobs", None, 404),
        ("/api/users", "v1", 404),
        ("/api/users", "v2", 200),
        ("/api/users", None, 200),
        ("/api/health", "v1", 200),
        ("/api/v2/users", "v1", 200),
        ("/api/docs", "v1", 200),
        ("/api/openapi.json", "v1", 200),
    ):
        answer = await client.http.get(path, headers=root | ({"API-Version": version} if version else {}))
        assert answer.status_code == status, (path, version, answer.status_code)


@pytest.mark.parametrize(
    ("path", "version", "framed"),
    [
        ("/api/jobs", None, True),
        ("/api/jobs", "v2", True),
        ("/api/jobs", "v1", False),
        ("/api/jobs", "v9", True),
        ("/api/data", None, True),
        ("/api/auth/nowhere", None, True),
        ("/api/v2/jobs", "v1", True),
        ("/api/v9/jobs", None, True),
        ("/auth/nowhere", None, True),
        ("/api/v1/nowhere", "v2", False),
        ("/api/docs", None, False),
        ("/api/redoc", None, False),
        ("/api/openapi.json", None, False),
        ("/nowhere", None, False),
        ("/api/jobs?x=%00", None, True),
        ("/api/jobs?x=%00", "v1", False),
        ("/api/jobs/%00", "v1", False),
    ],
)
async def test_an_error_is_said_in_the_version_of_its_address(
    client: Client, path: str, version: str | None, framed: bool
) -> None:
    answer = await client.http.patch(path, headers={"API-Version": version} if version else {})
    said = answer.json()
    assert answer.status_code in (400, 404, 405, 422), said
    assert said["metadata"]["version"] == ("v2" if framed else "v1")
    assert said.get("success") is (False if framed else None)


async def test_the_versions_are_told(client: Client) -> None:
    answer = await client.http.get("/api/v1/system/version", headers=await client.headers("vera"))
    assert answer.json()["api_versions"] == ["v1", "v2"]


async def test_sockets_have_versions_too(world: World) -> None:
    async with listening(world) as (address, client):
        root = await client.headers("root")
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://{address}/ws", additional_headers=root | {"API-Version": "v9"})
        assert caught.value.response.status_code == 400 and b"UNKNOWN_VERSION" in (caught.value.response.body or b"")
        for path in ("/api/ws", "/api/stream"):
            async with connect(f"ws://{address}{path}", additional_headers=root | {"API-Version": "v1"}):
                pass
