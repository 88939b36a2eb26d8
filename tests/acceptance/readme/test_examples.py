"""The README's examples and the programs of examples/, pasted as they stand."""

import json
import re

import httpx

from tests.acceptance.readme.conftest import Reader
from tests.acceptance.system import ROOT, System, until

BLOCKS = dict(re.findall(r"<!-- example: (\w+) -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))
BEFORE = BLOCKS.get("environment", "")


def pasted(reader: Reader, name: str) -> str:
    """What an example prints; it must end well."""
    done = reader.types(BEFORE + BLOCKS[name])
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_each_door_has_an_example() -> None:
    assert set(BLOCKS) == {"environment", "rest", "command", "kafka", "websocket", "dashboard", "status"}


def test_rest(reader: Reader) -> None:
    answer = json.loads(pasted(reader, "rest"))
    assert answer["dataset"] == "my-deals"
    assert answer["status"] == "queued"


def test_command_line(reader: Reader) -> None:
    said = pasted(reader, "command")
    assert "100 records = 100 stored" in said
    assert "1 URLs = 1 fetched" in said


def test_kafka(reader: Reader) -> None:
    said = pasted(reader, "kafka").splitlines()
    rows = [json.loads(line) for line in said if line.startswith("{")]
    assert len(rows) == 5
    assert all(row["sku"].startswith("LK-") and row["price"] > 0 and row["price_currency"] == "£" for row in rows)


def test_kafka_for_other_programs(reader: Reader) -> None:
    page = (ROOT / "docs" / "kafka.md").read_text()
    blocks = re.findall(r"<!-- example: kafka_\w+ -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 3
    done = reader.types("".join(blocks))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(rows) == 5


def test_websocket(reader: Reader) -> None:
    said = pasted(reader, "websocket")
    assert "The run completed." in said
    assert "'record': 100" in said


def test_dashboard_link_signs_in_once(reader: Reader) -> None:
    link = pasted(reader, "dashboard").strip()
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        page = browser.get(link)
        assert page.status_code == 200
        assert "Overview" in page.text
        assert browser.cookies
    with httpx.Client(follow_redirects=True, timeout=60) as somebody_else:
        assert "Overview" not in somebody_else.get(link).text


def test_status(system: System, reader: Reader) -> None:
    until("everything is ready", system.all_ready)
    said = pasted(reader, "status")
    for process in ("kafka", "postgres", "clickhouse", "gateway", "warehouse"):
        assert re.search(rf"{process}\s+ready", said)


def test_rest_example_program(reader: Reader) -> None:
    done = reader.types(BEFORE + 'examples/rest.sh "$SITE/deals"')
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(rows) == 5
    assert all(row["data"]["price_currency"] == "£" for row in rows)
