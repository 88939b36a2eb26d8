"""Analyses through a gateway on the real stores: the examples of docs/analytics.md, and whose records they count."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.clickhouse.client import connect
from tests.integration.api.conftest import Served

PAGE = Path(__file__).parents[3] / "docs" / "analytics.md"
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```json\n(.*?)```", PAGE.read_text(), re.DOTALL))
PASSWORD = "correct horse battery staple"
COLUMNS = ("id", "dataset", "run_id", "job_id", "batch_id", "key", "url", "data", "numbers", "flags", "fetched_at",
           "ingested_at")  # fmt: skip
TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@dataclass
class Person:
    client: httpx.Client
    run_id: str = ""

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(f"/api/v1/analytics/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def signed_in(served: Served, name: str, password: str) -> Person:
    client = httpx.Client(base_url=served.url, trust_env=False, timeout=60)
    token = client.post("/api/v1/auth/login", json={"username": name, "password": password}).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return Person(client)


@pytest.fixture(scope="module")
def people(served: Served, engines: Any) -> Iterator[tuple[Person, Person]]:
    """Two people who write into a dataset of one name: 60 days of records of each."""
    admin, found = signed_in(served, "admin", served.password), []
    store = connect(engines.clickhouse)
    for place, name in enumerate(("first", "second")):
        body = {"username": f"asks-{name}", "email": f"{name}@example.com", "password": PASSWORD, "role": "analyst"}
        assert admin.client.post("/api/v2/users", json=body).status_code in (200, 201)
        person = signed_in(served, f"asks-{name}", PASSWORD)
        job = person.client.post("/api/v1/scrape", json={"url": "http://shop.test/", "dataset": "shop"}).json()
        person.run_id = job["run_id"]
        store.insert("records", [row(job, day, 1000 * place) for day in range(60)], column_names=COLUMNS)
        found.append(person)
    yield found[0], found[1]
    store.close()
    for person in (admin, *found):
        person.client.close()


def row(job: dict[str, Any], day: int, more: int) -> list[Any]:
    price, rating = 20.0 + day % 7 + more, float(day % 5)
    data = json.dumps({"price": price, "rating": rating, "in_stock": True, "brand": "Ashdown"})
    at = TODAY - timedelta(days=day)
    return [str(uuid4()), "shop", job["run_id"], job["job_id"], job["run_id"], str(day), "http://shop.test/", data,
            {"price": price, "rating": rating}, {"in_stock": True}, at, at]  # fmt: skip


def test_the_page_s_examples_are_answered(people: tuple[Person, Person]) -> None:
    told = {name: people[0].ask(name, json.loads(body)) for name, body in EXAMPLES.items()}
    assert sum(row[2] for row in told["query"]["rows"]) == 60 and told["query"]["columns"][3]["name"] == "usual"
    statistics = told["statistics"]
    assert [one["field"] for kind in ("numbers", "flags", "texts") for one in statistics[kind]] == [
        "price", "in_stock", "brand",
    ]  # fmt: skip
    assert sum(statistics["numbers"][0]["histogram"]["counts"]) == statistics["records"] == 60
    assert told["correlations"]["pairs"][0]["n"] == 60
    assert len(told["forecast"]["forecast"]) == 7 and len(told["forecast"]["series"]) == 59


def test_nobody_is_told_of_somebody_else_s_records_nor_of_what_was_kept_for_them(
    people: tuple[Person, Person],
) -> None:
    body = {"dataset": "shop", "measures": [{"fn": "count"}, {"fn": "max", "field": "price"}]}
    for _ in range(2):
        assert people[0].ask("query", body)["rows"] == [[60, 26.0]]
        assert people[1].ask("query", body)["rows"] == [[60, 1026.0]]
    theirs = people[0].client.post("/api/v1/analytics/query", json=body | {"run_id": people[1].run_id})
    assert theirs.status_code == 404
    for path in ("statistics", "correlations", "forecast"):
        highest = []
        for person in people:
            answer = person.ask(path, {"dataset": "shop"} | ({"measure": {"fn": "max", "field": "price"}}
                                                             if path == "forecast" else {}))  # fmt: skip
            highest.append(json.dumps({**answer, "cached_at": "", "elapsed_ms": 0}))
        if path == "correlations":
            assert all('"n": 60' in text for text in highest)
        else:
            assert "102" not in re.sub(r"\d{4}-\d\d-\d\dT[^\"]*", "", highest[0]) and highest[0] != highest[1], path


def test_the_command_shows_what_the_gateway_says(served: Served, people: tuple[Person, Person]) -> None:
    words = ["query", "shop", "--by", "brand", "--measure", "count", "--json"]
    key = people[0].client.post("/api/v1/auth/keys", json={"name": "analyse"}).json()
    environ = served.environ | {"TRAWL_URL": served.url, "TRAWL_API_KEY": key["key"]}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "analyse", *words], check=False, env=environ, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == [["Ashdown", 60]]
