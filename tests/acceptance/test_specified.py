"""The users' documents, tried as written: each example of the documentation scraper and the books interface (host,
credentials and Authorization apart), and every operation that they list."""

import json
import re
import shlex
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.acceptance.system import Site, System, until

CURL = r"""
curl http://localhost:8000/health
curl -X POST "http://localhost:8000/api/v1/scrape" \
  -H "Content-Type: application/json" \
  -d '{
    "url": "https://docs.python.org/3/",
    "options": {"max_depth": 3},
    "export_formats": ["markdown"]
  }'
curl http://localhost:8000/api/v1/jobs/{job_id}
"""
LOGIN = """
POST /api/v1/auth/login
Content-Type: application/json

{
    "username": "admin",
    "password": "admin"
}
"""
DOCS = """
POST /api/v1/scrape
POST /api/v1/scrape/sync
POST /api/v1/scrape/validate
POST /api/v1/scrape/estimate
GET /api/v1/jobs
GET /api/v1/jobs/{job_id}
GET /api/v1/jobs/{job_id}/logs
POST /api/v1/exports/{job_id}/convert
GET /api/v1/exports/{job_id}/metadata
GET /api/v1/exports/{job_id}/{filename}
GET /api/v1/exports/conversions/{id}
DELETE /api/v1/exports/{job_id}
POST /api/v1/auth/credentials
GET /api/v1/auth/credentials
DELETE /api/v1/auth/credentials/{id}
GET /api/v1/system/health
GET /api/v1/system/stats
GET /api/v1/system/metrics
GET /api/v1/system/version
GET /api/v1/system/ping
POST /api/v1/jobs/{job_id}/retry
DELETE /api/v1/jobs/{job_id}
"""
BOOKS = """
GET /api/v1/books/
GET /api/v1/books/search
GET /api/v1/books/top-rated
GET /api/v1/books/price-range
GET /api/v1/categories
GET /api/v1/health
GET /api/v1/stats/overview
GET /api/v1/stats/categories
GET /api/v1/stats/top-rated
GET /api/v1/stats/price-range
GET /api/v1/ml/features
GET /api/v1/ml/training-data
"""


@pytest.fixture
def client(system: System) -> httpx.Client:
    return system.client()


def test_the_curl_examples_work_as_written(system: System, client: httpx.Client) -> None:
    job_id = ""
    for command in re.split(r"\n(?=curl )", CURL.strip()):
        words = shlex.split(command.replace("\\\n", " ").replace("{job_id}", job_id))[1:]
        method, body, headers, address = "GET", None, {}, ""
        while words:
            word = words.pop(0)
            if word == "-X":
                method = words.pop(0)
            elif word == "-d":
                body = words.pop(0)
            elif word == "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            else:
                address = word
        answer = client.request(method, httpx.URL(address).path, headers=headers, content=body)
        assert answer.status_code in (200, 202), (command, answer.text)
        job_id = answer.json().get("job_id", job_id)
    assert answer.json()["job_id"] == job_id
    assert client.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 200


def test_the_login_example_answers_with_a_bearer_token(system: System) -> None:
    head, body = LOGIN.strip().split("\n\n")
    method, path = head.splitlines()[0].split()
    printed = system.log.read_text()  # the one time when the administrator's password is told
    found = re.search(r"password (\S+)", printed)
    assert found, printed[-2000:]
    written = json.loads(body) | {"password": found[1]}
    answer = httpx.request(method, system.endpoint("gateway") + path, json=written, trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["access_token"] and answer.json()["token_type"] == "bearer"


def test_every_operation_of_the_two_documents_is_there(system: System, client: httpx.Client, site: Site) -> None:
    described = {"url": f"{site.url}/", "options": {"max_pages": 3, "delay": 0}}
    job = system.ended(system.scrape({**described, "name": "specified", "export_formats": ["markdown"]}))
    ids: dict[str, str] = {"job_id": job["job_id"]}
    bodies: dict[str, Any] = {
        "/api/v1/scrape/sync": described,
        "/api/v1/scrape/validate": described,
        "/api/v1/scrape/estimate": described,
        "/api/v1/scrape": described,
        "/api/v1/exports/{job_id}/convert": {"format": "json"},
        "/api/v1/auth/credentials": {"name": "specified", "kind": "bearer", "host": "shop.test", "secret": "s"},
    }
    for line in (DOCS + BOOKS).split("\n"):
        if not line:
            continue
        method, path = line.split()
        answer = _asked(client, method, path.format(**{"id": "", **ids}), bodies.get(path))
        assert answer.status_code in (200, 201, 202), f"{line}: {answer.status_code} {answer.text[:500]}"
        ids |= _learnt(path, answer)


def _asked(client: httpx.Client, method: str, path: str, body: Any) -> httpx.Response:
    """The answer; an export that is being made is waited for."""

    def ask() -> httpx.Response | None:
        answer = client.request(method, path, json=body, timeout=60)
        return None if method == "GET" and "/exports/" in path and answer.status_code in (404, 409) else answer

    return until(f"{method} {path} answers", ask)


def _learnt(path: str, answer: httpx.Response) -> dict[str, str]:
    if path.endswith("/convert"):
        told = answer.json()
        return {"id": told["conversion_id"], "filename": told["filename"]}
    if path == "/api/v1/auth/credentials" and answer.status_code == 201:
        return {"id": answer.json()["id"]}
    return {}


def test_a_progress_message_has_its_five_fields(system: System, site: Site) -> None:
    job_id = system.scrape({"url": f"{site.url}/", "name": "streamed", "options": {"max_pages": 5, "delay": 0}})
    key = system.client().headers["X-API-Key"]
    address = system.endpoint("gateway").replace("http://", "ws://") + f"/api/v1/jobs/{job_id}/stream"
    with connect(address, additional_headers={"X-API-Key": key}, proxy=None, open_timeout=60) as socket:
        frames = [json.loads(message) for message in socket]
    kinds = {frame["type"] for frame in frames}
    assert {"progress", "status", "complete"} <= kinds
    progress = next(frame["data"] for frame in frames if frame["type"] == "progress")
    assert {"job_id", "current_page", "total_pages", "percent_complete", "current_operation"} <= progress.keys()
    assert progress["job_id"] == job_id
