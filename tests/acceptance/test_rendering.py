"""A page that scripts make, through the whole line: the documentation's own search, empty without a browser."""

import shutil

import orjson
import pytest

from tests.acceptance.system import System


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt install chromium)")
def test_what_scripts_find_becomes_records_and_a_picture_is_kept(system: System, docs_host: str) -> None:
    if not docs_host:
        pytest.skip("needs the documentation (apt install python3-doc)")
    found = "#search-results ul.search li a"
    job = {
        "url": f"http://{docs_host}/search.html?q=zipapp",
        "extract": {"items": found, "fields": {"title": "::text"}, "key": "title"},
        "options": {"delay": 0, "render": {"wait_for": found, "screenshot": True}, "timeout": 60},
    }
    job_id = system.scrape(job)
    ended = system.ended(job_id)
    assert ended["status"] == "completed", ended
    rows = system.query("select data from records where job_id = {job:UUID}", job=job_id)
    titles = [orjson.loads(data)["title"] for (data,) in rows]
    assert any("zipapp" in title for title in titles), titles
    kept = [path.read_bytes() for path in (system.folder / "blobs" / "screenshots").rglob("*") if path.is_file()]
    assert len(kept) == 1 and kept[0].startswith(b"\x89PNG\r\n\x1a\n")
