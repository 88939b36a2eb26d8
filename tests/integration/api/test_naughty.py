"""Naughty strings in every place of every operation that the OpenAPI document names, and in the headers that every
request may have: refused with a sentence and a status that the document has, or taken and told again as they were;
never a server error, never a log line that is no JSON.

Each place gets its share of the strings, in turn, so that all of them are used; `TRAWL_TEST_NAUGHTY=all` (`make fuzz`)
puts every string in every place, many places of a request at a time. Of the operations that read a job as `/scrape`
does each gets its share of the strings for the fields of a job; with `every` all of them get all, which takes hours.
"""

import asyncio
import itertools
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from infra.postgres.pool import Database
from tests.integration.api.conftest import Served
from tests.integration.api.operations import ALL, operations, places, things
from tests.integration.api.playing import CHANGES, ELSEWHERE, PAGES, WAITING, WHOLE, Play
from tests.integration.api.together import Case, Group, Place, groups
from tests.unit.api.naughty import STRINGS

EVERY = os.environ.get("TRAWL_TEST_NAUGHTY") == "every"
"""Without turns for what reads the body that another operation reads, which takes hours."""
SHARE = 2
"""Strings for each place, where not all of them are put in all."""

AT_ONCE = 8
TOLD_S = 15
"""How often a long run says how far it is."""
PROBES = 24
"""So many strings tell whether a place that nothing was taken in together takes something alone."""
LIKE_SCRAPE = ("POST /api/v1/jobs", "POST /api/v1/scrape/validate", "POST /api/v1/scrape/estimate",
               "POST /api/v1/scrape/sync", "PUT /api/v1/jobs/{job_id}", "PATCH /api/v1/jobs/{job_id}",
               "POST /api/v1/jobs/{job_id}/clone")  # fmt: skip
"""Their bodies are read by the same shape as that of `/scrape`."""


def all_groups(document: dict[str, Any]) -> list[Group]:
    """Everything that can hold a string. Headers stand alone besides: what they are may end a request early."""
    known = operations(document)
    job = next(one for one in known if one.path == "/api/v1/scrape" and one.method == "POST")
    fields = places(document, job.media["application/json"])
    found: list[Group] = []
    for operation in known:
        found += groups(document, operation, fields if operation.path in CHANGES else ())
    for operation in (ELSEWHERE, *PAGES):
        found += [Group(operation, "", (Place(kind, (name,)),)) for kind, name in operation.parameters]
    return found


def shares(document: dict[str, Any]) -> Iterator[Case]:
    """Every place alone, each with its share."""
    turn = itertools.cycle(STRINGS)
    for group in all_groups(document):
        few = group.operation.path in WAITING
        for place in group.places[:: 16 if few else 1]:
            for text in itertools.islice(turn, 1 if few else SHARE):
                yield Case(group.operation, group.media, (place,), text)


def _mild(text: str) -> bool:
    """Whether a header of it is one, so that others may stand beside it."""
    return text.isascii() and text.isprintable() and len(text) < 2000


@pytest.fixture(scope="module")
def program() -> tuple[str, ...]:
    """Tens of thousands of sign-ins that cost what they should would take hours."""
    return ("tests.integration.api.hasty",)


@pytest.fixture
def admin(served: Served) -> Iterator[httpx.Client]:
    """An administrator with a key, which signing out does not end."""
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as admin:
        signed = admin.post("/api/v1/auth/login", json={"username": "admin", "password": served.password})
        assert signed.status_code == 200, served.log()[-3000:]
        admin.headers["Authorization"] = f"Bearer {signed.json()['access_token']}"
        made = admin.post("/api/v1/auth/keys", json={"name": "naughty"})
        assert made.status_code == 201, made.text
        admin.headers["Authorization"] = f"Bearer {made.json()['key']}"
        yield admin


@pytest.fixture
def have(admin: httpx.Client) -> dict[str, str]:
    """Some things of theirs."""
    return things(admin, ALL | {"user_id", "client_id"})


@pytest.fixture
def document(admin: httpx.Client) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = admin.get("/openapi.json").json()
    return found


@pytest.fixture
async def play(
    served: Served, engines: Any, admin: httpx.Client, have: dict[str, str], document: dict[str, Any]
) -> AsyncIterator[Play]:
    """A program with every right."""
    headers = {"Authorization": admin.headers["Authorization"]}
    async with (
        httpx.AsyncClient(base_url=served.url, trust_env=False, headers=headers, timeout=60) as client,
        Database(engines.postgres_owner) as owner,
    ):
        yield Play(client, admin, served, owner, document, have)


async def _played(play: Play, waiting: list[Case], tell: Callable[[str], None]) -> list[str]:
    """What is wrong, of all of these."""
    wrong: list[str] = []
    began, whole = time.monotonic(), len(waiting)
    random.Random(1).shuffle(waiting)  # those that wait beside those that do not

    async def work() -> None:
        while waiting:
            found = await play.tried(waiting.pop())
            wrong.extend(found)
            for problem in found:
                tell(problem)

    async def telling() -> None:
        while True:
            await asyncio.sleep(TOLD_S)
            done, spent = whole - len(waiting), time.monotonic() - began
            left = spent / max(1, done) * len(waiting) / 60
            tell(f"{done} of {whole} cases, {play.sent.total()} requests, {len(wrong)} wrong, {left:.0f} min left")

    teller = asyncio.create_task(telling())
    try:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    finally:
        teller.cancel()
    return wrong


@pytest.fixture
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """A line for whoever waits for a long run."""
    plugins = pytestconfig.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def told(said: str) -> None:
        if WHOLE and reporter and capture:
            with capture.global_and_fixture_disabled():
                reporter.write_line(said)
                reporter.flush()  # it may go into a file that is being watched

    return told


def together(document: dict[str, Any]) -> Iterator[Case]:
    """Every string in every place, as many places at a time as can be."""
    for number, group in enumerate(all_groups(document)):
        inside = {place for place in group.places if place.kind == "body"}
        for turn, text in enumerate(STRINGS, number):
            case = group.case(text)
            if not EVERY and str(group.operation) in LIKE_SCRAPE and turn % len(LIKE_SCRAPE):
                case = case.without(inside)
            heads = set() if _mild(text) else {place for place in case.places if place.kind == "header"}
            yield from (replace(case, places=(place,)) for place in heads)
            if case.without(heads).places:
                yield case.without(heads)


async def hidden(play: Play, tell: Callable[[str], None]) -> list[Case]:
    """Every string alone, in those places where something is taken alone and nothing was beside others."""
    found: list[Case] = []
    probes = STRINGS[:: len(STRINGS) // PROBES]
    never = [
        Group(group.operation, group.media, (place,))
        for group in all_groups(play.document)
        for place in group.places
        if len(group.places) > 1 and (str(group.operation), group.media, place) not in play.taken
    ]
    tell(f"{len(never)} places took nothing beside others, and are tried alone")
    for group in never:
        for text in probes:
            await play.tried(group.case(text))
        if (str(group.operation), group.media, group.places[0]) in play.taken:
            found += [group.case(text) for text in STRINGS if text not in probes]
    return found


@pytest.mark.timeout(0 if WHOLE else 300)
async def test_naughty_strings_everywhere(play: Play, tell: Callable[[str], None]) -> None:
    waiting = list((together if WHOLE else shares)(play.document))
    assert {case.text for case in waiting} == set(STRINGS) and len(STRINGS) >= 515
    wrong = await _played(play, waiting, tell)
    if WHOLE:
        wrong += await _played(play, await hidden(play, tell), tell)
    assert not wrong, "\n".join(wrong)
    assert play.compared > 20, play.compared
    assert (await play.client.get("/api/v1/auth/me")).status_code == 200
    lines = play.served.log().splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)
