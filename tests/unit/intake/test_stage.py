"""Requests that open runs: ours by their id, an outsider's by what it carries; what is wrong is said in full."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
import pytest

from schemas import codec
from schemas.delivery import Delivery, Handled
from schemas.frontier import Seed
from schemas.job import JobDescription
from schemas.message import Message
from schemas.topics import SCRAPE_REQUESTS
from schemas.urls import fingerprint
from streams.extraction.rules import check
from streams.intake.stage import Intake


@dataclass
class Runs:
    """What was opened, by whom."""

    known: dict[str, JobDescription] = field(default_factory=dict)
    seeded: dict[str, list[Seed]] = field(default_factory=dict)
    opened: list[tuple[str, str, JobDescription, str, list[Seed]]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    async def description(self, run_id: str) -> JobDescription | None:
        return self.known.get(run_id)

    async def seed(self, run_id: str, seeds: Sequence[Seed]) -> bool:
        self.seeded[run_id] = list(seeds)
        return True

    async def open_outsiders(
        self, run_id: str, job_id: str, job: JobDescription, source: str, seeds: Sequence[Seed]
    ) -> bool:
        self.opened.append((run_id, job_id, job, source, list(seeds)))
        return True

    async def refuse(self, run_id: str, reason: str) -> None:
        self.refused[run_id] = reason


def message(request: dict[str, Any], offset: int = 0, timestamp: int = 1, **headers: str) -> Message:
    pairs = tuple((name, value.encode()) for name, value in headers.items())
    return Message(SCRAPE_REQUESTS, 0, offset, None, orjson.dumps(request), pairs, timestamp)


async def take(runs: Runs, *messages: Message) -> Handled:
    return await Intake(runs, check).handle([Delivery(m, codec.decode(SCRAPE_REQUESTS, m.value)) for m in messages])


JOB = {"url": "http://Site.Test:80/a/../b#x"}


async def test_our_request_seeds_the_run_it_points_to() -> None:
    run_id = str(uuid4())
    runs = Runs({run_id: JobDescription.model_validate(JOB)})
    assert not (await take(runs, message({"run_id": run_id}))).rejects
    url = "http://site.test/b"
    assert runs.seeded == {run_id: [Seed(fingerprint(url), url, "site.test")]}


UNKNOWN = "3b65d2e5-d72c-484f-89c3-e8ee6c7ec3d1"


@pytest.mark.parametrize("run_id", ["", "x", UNKNOWN.upper(), UNKNOWN, "'; drop table runs --"])
async def test_a_run_that_is_not_there_is_a_letter(run_id: str) -> None:
    runs = Runs()
    (reject,) = (await take(runs, message({"run_id": run_id}))).rejects
    assert reject.code == "unknown_run" and "job" in reject.reason and not runs.seeded


async def test_a_run_whose_message_is_given_up_does_not_wait_for_ever() -> None:
    run_id, runs = str(uuid4()), Runs()
    for request in ({"run_id": run_id}, {"job": JOB}, {"run_id": "x"}):
        told = message(request)
        await Intake(runs, check).give_up(
            Delivery(told, codec.decode(SCRAPE_REQUESTS, told.value)), "It ended its worker."
        )
    assert runs.refused == {run_id: "It ended its worker."}


async def test_an_outsiders_request_opens_a_run_of_its_own() -> None:
    runs = Runs()
    assert not (await take(runs, message({"job": JOB | {"name": "n"}}, ce_source="/me", ce_id="7"))).rejects
    ((run_id, job_id, job, source, seeds),) = runs.opened
    assert job.name == "n" and source == "/me 7" and [seed.url for seed in seeds] == ["http://site.test/b"]
    assert run_id != job_id


async def test_the_same_event_is_the_same_run_and_another_is_another() -> None:
    runs = Runs()
    same: dict[str, Any] = {"ce_source": "/me", "ce_id": "7"}
    await take(runs, message({"job": JOB}, 1, **same), message({"job": JOB}, 9, **same))
    await take(runs, message({"job": JOB}, 1, ce_source="/me", ce_id="8"))
    await take(runs, message({"job": JOB}, 1, ce_source="/you", ce_id="7"))
    ids = [run_id for run_id, *_ in runs.opened]
    assert ids[0] == ids[1] and len(set(ids)) == 3


async def test_without_headers_a_message_is_known_by_its_place() -> None:
    runs = Runs()
    for offset, timestamp in ((1, 5), (1, 5), (2, 5), (1, 6)):
        await take(runs, message({"job": JOB}, offset, timestamp, ce_id="7"))
    ids = [run_id for run_id, *_ in runs.opened]
    assert ids[0] == ids[1] and len(set(ids)) == 3, "a recreated topic has other times"


async def test_every_wrong_field_is_named() -> None:
    runs = Runs()
    job = {"urls": ["ftp://x/"], "options": {"delay": -1, "max_pages": "many"}, "colour": "red"}
    (reject,) = (await take(runs, message({"job": job}))).rejects
    assert reject.code == "invalid_job" and not runs.opened
    for name in ("urls.0", "options.delay", "options.max_pages", "colour"):
        assert name in reject.reason
    assert reject.value == orjson.dumps({"job": job})


async def test_a_request_for_nothing_is_a_letter_and_the_next_one_opens() -> None:
    runs = Runs()
    handled = await take(runs, message({}, 0), message({"job": JOB}, 1))
    assert [(reject.code, reject.message.offset) for reject in handled.rejects] == [("empty_request", 0)]
    assert len(runs.opened) == 1


async def test_pages_sitemaps_and_feeds_are_seeds_of_their_kinds() -> None:
    job = {
        "urls": ["http://site.test/a?sort=1&page=2"],
        "sitemaps": ["http://site.test/s.xml?sort=1"],
        "feeds": ["http://site.test/s.xml?sort=1"],
        "options": {"strip_query": ["sort"]},
    }
    runs = Runs()
    await take(runs, message({"job": job}))
    seeds = runs.opened[0][-1]
    assert [(seed.kind, seed.url) for seed in seeds] == [
        ("page", "http://site.test/a?page=2"),
        ("sitemap", "http://site.test/s.xml?sort=1"),
        ("feed", "http://site.test/s.xml?sort=1"),
    ]
    assert len({seed.url_fp for seed in seeds}) == 3, "one address may be a page, a sitemap and a feed"


async def test_a_wrong_address_is_named_with_where_it_stands() -> None:
    job = {"urls": ["http://site.test/"], "sitemaps": ["http://me:secret@site.test/"]}
    (reject,) = (await take(Runs(), message({"job": job}))).rejects
    assert reject.reason.startswith("sitemaps.0: ") and "user or password" in reject.reason


async def test_a_message_cannot_name_what_is_users_own() -> None:
    for part, place in (
        ({"options": {"credentials": "members"}}, "options.credentials: "),
        ({"notifications": {"webhooks": ["0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"]}}, "notifications.webhooks: "),
    ):
        runs = Runs()
        (reject,) = (await take(runs, message({"job": {**JOB, **part}}))).rejects
        assert reject.code == "invalid_job" and reject.reason.startswith(place)
        assert runs.opened == []


async def test_an_outsiders_rules_are_checked() -> None:
    runs = Runs()
    job = {"url": "http://site.test/", "extract": {"fields": {"price": "p >"}}}
    (reject,) = (await take(runs, message({"job": job}))).rejects
    assert reject.code == "invalid_job" and "extract.fields.price" in reject.reason and not runs.opened
