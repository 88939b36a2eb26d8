"""The closed list of codes, and the page that explains each."""

import re
from typing import get_args

import pytest

from api import codes
from api.errors import Code
from tests.unit.api.conftest import Client, World, running


def test_every_code_is_explained_and_no_other() -> None:
    assert set(codes.MEANINGS) == set(get_args(Code))


@pytest.mark.parametrize("code", get_args(Code))
async def test_every_code_has_a_place_that_is_there(client: Client, code: Code) -> None:
    page = await client.http.get(codes.address(code))
    meaning = codes.MEANINGS[code]
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    [told] = re.findall(rf'id="{code.lower().replace("_", "-")}">(.*?)</section>', page.text, re.DOTALL)
    assert code in told and meaning.why.split("'")[0] in told and meaning.what_to_do.split("'")[0] in told


async def test_every_error_leads_to_its_place(client: Client) -> None:
    vera, root = await client.headers("vera"), await client.headers("root")
    for method, path, headers, place in (
        ("GET", "/nowhere", {}, "resource-not-found"),
        ("GET", "/api/v1/jobs", {}, "authentication-required"),
        ("GET", "/api/v2/users", {}, "authentication-required"),
        ("GET", "/api/v2/users", vera, "insufficient-permissions"),
        ("GET", "/api/v2/users?per_page=0", root, "validation-error"),
        ("GET", "/api/jobs", {"API-Version": "v9"}, "bad-request"),
    ):
        error = (await client.http.request(method, path, headers=headers)).json()["error"]
        assert error["documentation_url"] == f"/docs/errors#{place}", path


async def test_behind_a_public_address_the_whole_of_it_is_told(world: World) -> None:
    async with running(world, public_url="https://trawl.example") as client:
        error = (await client.http.get("/nowhere")).json()["error"]
        assert error["documentation_url"] == "https://trawl.example/docs/errors#resource-not-found"
        assert (await client.http.get(error["documentation_url"])).status_code == 200


async def test_the_page_is_open_and_not_limited(client: Client) -> None:
    page = await client.http.get(codes.PAGE)
    assert page.status_code == 200 and "x-ratelimit-limit" not in page.headers
    assert (await client.http.get("/look/style.css")).status_code == 200 and "/look/style.css" in page.text
