"""Analyses as callers meet them: what is refused and how, whose records are meant, what is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.services.analytics.scopes import MOST_RUNS
from tests.unit.api.conftest import Client, World

QUERY = "/api/v1/analytics/query"
MS = 1_767_571_200_000.0
"""2026-01-05, midnight."""


async def signed_in(client: Client, name: str = "anna", dataset: str = "shop") -> dict[str, str]:
    headers = await client.headers(name)
    await client.scrape(headers, dataset=dataset)
    return headers


async def asked(client: Client, headers: dict[str, str], path: str = "query", **body: Any) -> Any:
    found = await client.http.post(f"/api/v1/analytics/{path}", headers=headers, json={"dataset": "shop"} | body)
    return found


def reasons(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(fault["field"], fault["message"]) for fault in answer.json()["error"]["details"]["errors"]]


async def test_a_question_is_answered_in_its_columns(client: Client) -> None:
    headers = await signed_in(client)
    client.world.analyses.rows = [[MS, "a", 2, 1.5], [None, None, 1, None]]
    client.world.analyses.total = 9
    answer = await asked(
        client, headers, interval="day", group_by=["name"], order=["-mean", "time"], where=["price>1"], limit=2,
        measures=[{"fn": "count"}, {"fn": "avg", "field": "price", "as": "mean"}],
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["columns"] == [{"name": "time", "type": "moment"}, {"name": "name", "type": "text"},
                               {"name": "count", "type": "number"}, {"name": "mean", "type": "number"}]  # fmt: skip
    assert told["rows"] == [["2026-01-05T00:00:00.000Z", "a", 2, 1.5], [None, None, 1, None]]
    assert (told["total"], told["cut"], told["source"], told["cached"]) == (9, True, "stored", False)
    (question,) = client.world.analyses.asked
    assert question.order == ((3, True), (0, False)) and question.scope.where[0].field == "price"
    assert question.measures[1].types == ("number",) and question.limit == 2


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"group_by": ["prize"]}, "group_by.0", "did you mean price?"),
        ({"group_by": ["zzz"]}, "group_by.0", "there are domain, job_id"),
        ({"measures": [{"fn": "avg", "field": "prce"}]}, "measures.0.field", "did you mean price?"),
        ({"measures": [{"fn": "avg", "field": "name"}]}, "measures.0.fn", "has texts"),
        ({"measures": [{"fn": "median", "field": "new"}]}, "measures.0.fn", "has booleans"),
        ({"measures": [{"fn": "sum", "field": "added"}]}, "measures.0.fn", "has dates"),
        ({"measures": [{"fn": "avg"}]}, "measures.0.field", "Say of which field"),
        ({"measures": [{"fn": "count"}, {"fn": "count"}]}, "measures", "Two columns"),
        ({"order": ["-cuont"]}, "order.0", "did you mean count?"),
        ({"where": ["price"]}, "where", "write a field"),
        ({"run_id": "x"}, "run_id", "no id"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "until", "later than"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since", "beyond"),
        ({"source": "aggregated"}, "source", "whose records"),
        ({"group_by": ["name"] * 4}, "group_by", "at most 3"),
        ({"limit": 10_001}, "limit", "10000"),
        ({"measures": []}, "measures", "at least 1"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_said_with_what_can(
    client: Client, body: dict[str, Any], field: str, said: str
) -> None:
    headers = await signed_in(client)
    found = reasons(await asked(client, headers, **body))
    assert found[0][0] == field and said in found[0][1], found
    assert client.world.analyses.asked == []


async def test_everybody_asks_about_their_own_runs_alone(client: Client) -> None:
    anna, otto = await signed_in(client), await signed_in(client, "otto")
    await client.scrape(anna, dataset="elsewhere")
    seen = {}
    for name, headers in (("anna", anna), ("otto", otto), ("root", await client.headers("root"))):
        assert (await asked(client, headers)).status_code == 200
        seen[name] = client.world.analyses.asked[-1].scope.runs
    runs = client.world.jobs.runs.values()
    for name in ("anna", "otto"):
        own = [run.id for run in runs if run.owner == client.world.ids[name] and run.dataset == "shop"]
        assert seen[name] == tuple(own) and len(own) == 1
    assert seen["root"] is None
    assert len(client.world.analyses.asked) == 3, "nobody was told what was found for somebody else"


async def test_a_dataset_of_others_is_not_there(client: Client) -> None:
    await signed_in(client)
    otto = await client.headers("otto")
    for path in ("query", "statistics", "correlations", "forecast"):
        answer = await asked(client, otto, path)
        assert answer.status_code == 404, path
    assert client.world.analyses.scopes == []
    client.world.analyses.known, client.world.analyses.count = {}, 0
    assert (await asked(client, await client.headers("root"), dataset="none")).status_code == 404


async def test_who_lost_a_job_is_not_told_what_was_kept(client: Client) -> None:
    headers = await signed_in(client)
    second = await client.scrape(headers, dataset="shop")
    assert (await asked(client, headers)).json()["cached"] is False
    assert (await asked(client, headers)).json()["cached"] is True
    await client.http.delete(f"/api/v1/jobs/{second['job_id']}", headers=headers)
    client.world.jobs.deleted.add(second["job_id"])
    assert (await asked(client, headers)).json()["cached"] is False
    assert second["run_id"] not in (client.world.analyses.asked[-1].scope.runs or ())


async def test_an_answer_is_kept_and_refreshed(client: Client) -> None:
    headers = await signed_in(client)
    first, kept = (await asked(client, headers)).json(), (await asked(client, headers)).json()
    assert kept == first | {"cached": True}
    other = (await asked(client, headers, limit=5)).json()
    fresh = (await asked(client, headers, refresh=True)).json()
    assert other["cached"] is False and fresh["cached"] is False and len(client.world.analyses.asked) == 3


async def test_runs_beyond_the_bound_are_told(client: Client) -> None:
    headers = await signed_in(client)
    (run,) = client.world.jobs.runs.values()
    many = {f"{place:036}": run for place in range(MOST_RUNS)}
    client.world.jobs.runs |= many
    assert "2,000" in (await asked(client, headers)).json()["notes"][0]


async def test_sums_by_the_minute_are_used_where_they_say_the_same(client: Client) -> None:
    await signed_in(client)
    root, now = await client.headers("root"), datetime.now(UTC).replace(second=0, microsecond=0)
    whole: dict[str, Any] = {"time": "stored_at", "since": (now - timedelta(days=3)).isoformat(), "interval": "day"}
    whole |= {"group_by": ["domain"]}
    told = (await asked(client, root, **whole)).json()
    assert told["source"] == "aggregated" and "removed since" in told["notes"][0]
    hindered: list[dict[str, Any]] = [
        {"where": ["price>1"]}, {"time": "fetched_at"}, {"group_by": ["name"]}, {"revision": 2},
        {"measures": [{"fn": "avg", "field": "price"}]}, {"since": None}, {"source": "stored"},
        {"since": (now - timedelta(days=500)).isoformat()}, {"since": (now - timedelta(seconds=30)).isoformat()},
    ]  # fmt: skip
    for change in hindered:
        assert (await asked(client, root, **whole | change)).json()["source"] == "stored", change
        if "source" not in change:
            assert reasons(await asked(client, root, **whole | change, source="aggregated"))[0][0] == "source"


async def test_too_much_is_refused_with_what_to_narrow(client: Client) -> None:
    headers = await signed_in(client)
    client.world.analyses.bound = "it takes longer than 8 seconds"
    ((field, said),) = reasons(await asked(client, headers))
    assert field == "" and "8 seconds" in said and "since" in said
    client.world.analyses.bound = None
    assert (await asked(client, headers)).status_code == 200, "a refusal is not kept"


async def test_csv_is_safe_to_open(client: Client) -> None:
    headers = await signed_in(client)
    client.world.analyses.rows = [["=cmd()", 2], ["a,b", None]]
    body = {"dataset": "shop", "group_by": ["name"], "measures": [{"fn": "count", "as": "@count"}]}
    answer = await client.http.post(QUERY, headers=headers | {"Accept": "text/csv"}, json=body)
    assert answer.headers["content-type"].startswith("text/csv") and answer.headers["X-Total-Count"] == "2"
    assert answer.text == "name,'@count\r\n'=cmd(),2\r\n\"a,b\",\r\n"
    assert (await client.http.post(f"{QUERY}?format=csv", headers=headers, json=body)).text == answer.text
    both = headers | {"Accept": "application/json, text/csv"}
    assert (await client.http.post(QUERY, headers=both, json=body)).json()["rows"] == [["=cmd()", 2], ["a,b", None]]


async def test_statistics_are_told_by_type(client: Client) -> None:
    headers = await signed_in(client)
    told = (await asked(client, headers, "statistics")).json()
    assert [one["field"] for one in told["numbers"]] == ["mixed", "price"]
    assert [one["field"] for one in told["texts"]] == ["mixed", "name"]
    price = told["numbers"][1]
    assert (price["missing"], price["fences"], price["histogram"]["edges"]) == (1, [0.5, 2.5], [1.0, 1.5, 2.0])
    assert told["flags"] == [{"field": "new", "count": 3, "missing": 0, "true": 1, "false": 2, "share": 1 / 3}]
    assert "dates or lists" in reasons(await asked(client, headers, "statistics", fields=["tags"]))[0][1]
    one = (await asked(client, headers, "statistics", fields=["price"], buckets=4)).json()
    assert one["texts"] == [] and len(one["numbers"][0]["histogram"]["counts"]) == 4


async def test_correlations_are_told_in_pairs(client: Client) -> None:
    headers = await signed_in(client)
    client.world.analyses.columns = [[1.0, 2.0, 3.0, 4.0], [1.0, 4.0, 9.0, 16.0]]
    (pair,) = (await asked(client, headers, "correlations", fields=["price", "mixed"])).json()["pairs"]
    assert pair["spearman"]["value"] == pytest.approx(1.0) and pair["pearson"]["low"] < pair["pearson"]["value"] < 1
    assert "two different" in reasons(await asked(client, headers, "correlations", fields=["price", "price"]))[0][1]
    assert "has texts" in reasons(await asked(client, headers, "correlations", fields=["price", "name"]))[0][1]


async def test_a_forecast_goes_on_from_the_last_bucket_that_is_over(client: Client) -> None:
    headers = await signed_in(client)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(40)]
    client.world.analyses.rows = [[day.timestamp() * 1000, 10 + day.weekday()] for day in days if day != days[7]]
    told = (await asked(client, headers, "forecast", horizon=3, level=0.8)).json()
    assert len(told["series"]) == 39 and told["series"][-1]["at"].startswith(f"{days[1]:%Y-%m-%d}")
    assert next(one["value"] for one in told["series"] if one["at"].startswith(f"{days[7]:%Y-%m-%d}")) == 0
    assert [one["at"][:10] for one in told["forecast"]] == [f"{today + timedelta(days=n):%Y-%m-%d}" for n in range(3)]
    assert all(one["low"] <= one["value"] <= one["high"] for one in told["forecast"])
    client.world.analyses.rows = client.world.analyses.rows[:3]
    assert reasons(await asked(client, headers, "forecast", refresh=True))
    client.world.analyses.rows = []
    assert "over" in reasons(await asked(client, headers, "forecast", refresh=True))[0][1]


async def test_without_the_warehouse_it_is_503(world: World, client: Client) -> None:
    headers = await signed_in(client)
    world.analyses.switch.away = True
    assert (await asked(client, headers)).status_code == 503
