"""What every store promises of a run's URLs."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from schemas.ledger import UrlFate
from schemas.urls import fingerprint
from tests.contract.api.conftest import Stores

FATE = UrlFate(
    url_fp="", url="", host="shop.test", depth=1, state="done", attempt=1, outcome="fetched", klass="fetched",
    status=200, records=20, found_on="http://shop.test/", found_at=datetime(2026, 1, 5, 10, 30, tzinfo=UTC),
    closed_at=datetime(2026, 1, 5, 10, 31, tzinfo=UTC), reason="",
)  # fmt: skip
WAITS = {
    "state": "queued",
    "attempt": 0,
    "outcome": None,
    "klass": None,
    "status": None,
    "records": 0,
    "closed_at": None,
}


async def kept(stores: Stores, run_id: str, fates: list[UrlFate]) -> list[UrlFate]:
    """Puts them into the store as extraction would leave them; returns them in the order of their fingerprint."""
    if stores.database is None:
        stores.jobs.fates[run_id] = fates  # type: ignore[attr-defined]
    for fate in fates if stores.database else []:
        assert stores.database
        await stores.database.fetch(
            """insert into frontier (run_id, url_fp, url, host, depth, state, attempt, outcome, klass, status, records,
            found_on, found_at, closed_at, reason)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (run_id, fate.url_fp, fate.url, fate.host, fate.depth, fate.state, fate.attempt, fate.outcome, fate.klass,
             fate.status, fate.records, fate.found_on, fate.found_at, fate.closed_at, fate.reason),
        )  # fmt: skip
    return sorted(fates, key=lambda fate: fate.url_fp)


def fate(path: str, **fields: object) -> UrlFate:
    url = f"http://shop.test/{path}"
    return replace(FATE, url=url, url_fp=fingerprint(url), **fields)  # type: ignore[arg-type]


async def test_urls_come_piece_by_piece_and_by_what_became_of_them(stores: Stores) -> None:
    run_id = str(uuid4())
    good = [fate(f"p{number}") for number in range(4)]
    gone = fate("gone", outcome="http_error", klass="failed", status=404, reason="Not Found")
    denied = fate("admin", outcome="robots_denied", klass="filtered", status=None)
    waits = fate("later", **WAITS)
    away = fate("now", **{**WAITS, "state": "issued", "attempt": 1})
    all_of_them = await kept(stores, run_id, [*good, gone, denied, waits, away])
    await kept(stores, str(uuid4()), [fate("elsewhere")])

    assert await stores.jobs.urls(run_id, limit=100) == all_of_them
    first = await stores.jobs.urls(run_id, limit=3)
    rest = await stores.jobs.urls(run_id, after=first[-1].url_fp, limit=100)
    assert first + rest == all_of_them
    for word, expected in (
        ("fetched", good), ("http_error", [gone]), ("failed", [gone]), ("filtered", [denied]), ("queued", [waits]),
        ("issued", [away]), ("done", []), ("' or true --", []),
    ):  # fmt: skip
        found = await stores.jobs.urls(run_id, outcome=word, limit=100)
        assert found == sorted(expected, key=lambda each: each.url_fp), word
    assert await stores.jobs.urls(run_id, url_fp=gone.url_fp, limit=100) == [gone]
