"""One run over every nasty server, beside a healthy site: each ends as it must, and nobody suffers from the others."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.acceptance.misbehaving_site import CASES, PAGES, Misbehaving, misbehaving
from tests.acceptance.system import System, until

OPTIONS = {"max_depth": 2, "max_pages": 5000, "scope": "any", "delay": 0, "concurrency": 8, "timeout": 12,
           "connect_timeout": 8, "read_timeout": 5, "max_retries": 0, "max_body": 1_000_000, "max_redirects": 10,
           "host_patience": 0}  # fmt: skip
USUAL, TRIES = 2.0, 3
"""How much longer the healthy pages may take beside the others. Two cores of a busy machine are not quiet: what else
goes on there is over in one of a few tries; hosts that hold each other up do so in all of them."""

MEMORY = 64 * 2**20

WARM = 200
"""Pages after which everything has been imported, connected and met once."""


@pytest.fixture(scope="module")
def site() -> Iterator[Misbehaving]:
    with misbehaving() as serving:
        yield serving


@dataclass
class Fates:
    """What became of every URL of a run."""

    rows: list[dict[str, Any]]

    def outcomes(self, host: str) -> set[str]:
        return {str(row["outcome"]) for row in self.rows if urlsplit(row["url"]).netloc == host}

    def seconds(self, host: str) -> float:
        """From the first page that was found to the last that was closed."""
        mine = [row for row in self.rows if urlsplit(row["url"]).netloc == host]
        times = [datetime.fromisoformat(row[name]) for row in mine for name in ("found_at", "closed_at")]
        return (max(times) - min(times)).total_seconds()


def fates(system: System, job_id: str) -> Fates:
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = system.client().get(
            f"/api/v1/jobs/{job_id}/urls", params={"limit": 1000, **({"cursor": cursor} if cursor else {})}
        )
        assert answer.status_code == 200, answer.text
        rows += answer.json()["urls"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return Fates(rows)


def run(system: System, name: str, description: dict[str, Any], **more: Any) -> tuple[dict[str, Any], Fates, int]:
    """The job (with `more` options) as it ended, its URLs, and by how much the fetcher's memory grew meanwhile."""
    fetcher = psutil.Process(int(system.processes()["fetch"]["pid"]))
    before, most = fetcher.memory_info().rss, [0]
    job_id = system.scrape({"name": name, "options": {**OPTIONS, **more}, **description})

    def over() -> dict[str, Any] | None:
        most[0] = max(most[0], fetcher.memory_info().rss)
        job = system.job(job_id)
        return job if job["status"] in ("completed", "failed", "cancelled") else None

    return until(f"{name} ends", over, 300), fates(system, job_id), most[0] - before


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_nasty_server_in_one_run_beside_a_thousand_healthy_pages(open_system: System, site: Misbehaving) -> None:
    healthy = urlsplit(site.healthy).netloc
    run(open_system, "warming up", {"url": site.healthy}, max_pages=WARM)
    job, found, _ = run(open_system, "alone", {"url": site.healthy})
    assert (job["status"], job["counts"]["fetched"]) == ("completed", PAGES)
    alone = found.seconds(healthy)
    unusual = site.unusual
    sitemaps = [url for case in CASES if case.sitemap for url in site.urls[case.name]]
    urls = [url for case in CASES if not case.sitemap for url in site.urls[case.name]]
    together = {"urls": [site.healthy, *urls, *(url for url, _ in unusual.values())], "sitemaps": sitemaps}
    job, found, grown = run(open_system, "together", together)
    assert job["status"] == "completed"
    counts = job["counts"]
    assert counts["requested"] == counts["fetched"] + counts["failed"] + counts["filtered"]
    wrong = {
        case.name: (sorted(found.outcomes(host)), sorted(case.outcomes))
        for case in CASES
        if found.outcomes(host := urlsplit(site.urls[case.name][0]).netloc) != case.outcomes
    }
    wrong |= {
        name: (sorted(found.outcomes(urlsplit(url).netloc)), [outcome])
        for name, (url, outcome) in unusual.items()
        if found.outcomes(urlsplit(url).netloc) != {outcome}
    }
    assert not wrong, "\n".join(f"{name}: {seen}, expected {wanted}" for name, (seen, wanted) in wrong.items())
    assert found.outcomes("169.254.169.254") == {"blocked_address"}
    asked = b"".join(site.servers["cookies for a public suffix"].asked)
    assert b"wide=1" not in asked and b"com=1" not in asked
    assert found.outcomes(healthy) == {"fetched"}
    assert grown <= MEMORY
    for left in reversed(range(TRIES)):
        _, again, _ = run(open_system, "alone again", {"url": site.healthy})
        alone, beside = max(alone, again.seconds(healthy)), found.seconds(healthy)  # other tests come and go
        sys.stdout.write(
            f"healthy pages alone {alone:.1f} s, beside {len(CASES) + len(unusual)} nasty hosts "
            f"{beside:.1f} s (× {beside / alone:.2f}); the fetcher grew by {grown / 2**20:.0f} MiB\n"
        )
        if beside <= USUAL * alone:
            break
        assert left, "the healthy pages waited for the others"
        _, found, _ = run(open_system, "together again", together)
