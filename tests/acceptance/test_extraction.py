"""Pages that would hold a worker are cut off while others are read, and what is no HTML becomes records too."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from tests.acceptance.conftest import served
from tests.acceptance.system import System, until
from tests.unit.extraction.test_pdf import written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        (tmp_path / f"page{number}.html").write_text(f"<h1>{number}</h1><p>one</p><p>two</p>")
    (tmp_path / "slow.html").write_text("<h1>slow</h1>" + "<p>x</p>" * 50_000)
    (tmp_path / "things.json").write_text(json.dumps([{"id": 1, "name": "lamp"}, {"id": 2, "name": "bulb"}]))
    (tmp_path / "prices.csv").write_text("sku;price\nLK-1;3,50\nLK-2;4\nLK-3;5\n")
    (tmp_path / "paper.pdf").write_bytes(written("Some words", title="A paper"))
    (tmp_path / "broken.json").write_text("{")
    return tmp_path


def outcomes(system: System, run_id: str, expected: int) -> dict[str, tuple[str, str]]:
    """path → (outcome, reason) of a run, once all are stored."""

    def stored() -> dict[str, tuple[str, str]] | None:
        rows = system.query(
            "select url, outcome, reason from page_outcomes where run_id = {run:UUID} and final", run=run_id
        )
        found = {urlsplit(str(url)).path: (str(outcome), str(reason)) for url, outcome, reason in rows}
        return found if len(found) >= expected else None

    return until("the outcomes are stored", stored)


def test_a_page_whose_rules_take_too_long_is_an_outcome_and_the_others_are_read(
    open_system: System, folder: Path
) -> None:
    with served(folder) as host:
        names = ["page0", "slow", *(f"page{number}" for number in range(1, 6))]
        fields = {"title": "h1", "after": {"css": "p ~ p", "type": "list"}}
        job = open_system.ended(
            open_system.scrape({
                "urls": [f"http://{host}/{name}.html" for name in names],
                "options": {"delay": 0}, "extract": {"fields": fields},
            })
        )  # fmt: skip
        assert job["status"] == "completed" and job["counts"]["stored"] == 6, job
        found = outcomes(open_system, job["run_id"], 7)
    outcome, reason = found.pop("/slow.html")
    assert outcome == "extract_failed" and reason.startswith("Its rules took longer than 2 s on this page; ")
    assert {outcome for outcome, _ in found.values()} == {"fetched"}


def test_json_tables_and_pdf_become_records(open_system: System, folder: Path) -> None:
    with served(folder) as host:
        names = ["things.json", "prices.csv", "paper.pdf", "broken.json"]
        job = open_system.ended(
            open_system.scrape({"urls": [f"http://{host}/{name}" for name in names], "options": {"delay": 0}})
        )
        assert job["status"] == "completed" and job["counts"]["stored"] == 6, job
        rows = open_system.query("select key, data from records where run_id = {run:UUID}", run=job["run_id"])
        found = outcomes(open_system, job["run_id"], 4)
    data = {str(key): orjson.loads(value) for key, value in rows}
    paper = f"http://{host}/paper.pdf"
    assert data.keys() == {"1", "2", "LK-1", "LK-2", "LK-3", paper}
    assert data["2"] == {"id": 2, "name": "bulb", "url": f"http://{host}/things.json"}
    assert data["LK-1"]["price"] == "3,50"
    assert data[paper] == {"url": paper, "title": "A paper", "text": "Some words"}
    assert found["/broken.json"][0] == "extract_failed" and "The page is not JSON" in found["/broken.json"][1]
