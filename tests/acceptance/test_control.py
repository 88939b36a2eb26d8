"""Control over a job while it runs, as the site sees it: what is asked for is so soon afterwards."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from tests.acceptance.system import Site, System, until

SOON_S, QUIET_S = 20.0, 1.6
"""It takes less than a second where nothing else goes on. A machine that does twenty things at once may take its time,
but does not forget."""

FAST, SLOW = 0.1, 0.5
SOME = 24
"""Visits of two crawls together, in which their shares are seen."""


class Crawl:
    """A job of its own name, whose hits the site's log tells apart."""

    def __init__(self, system: System, site: Site, name: str, **options: Any) -> None:
        self.name, self._client = name, system.client()
        self._log = httpx.Client(base_url=site.url, trust_env=False, timeout=60)
        self._read, self._times, self.paths = self._newest(), list[float](), Counter[str]()
        wishes = {"max_depth": 9, "max_pages": 5000, "delay": FAST, "respect_robots": False, "adaptive": False}
        job = {"url": f"{site.url}/", "name": name, "options": {**wishes, "user_agent": f"{name}/1", **options}}
        self.id = system.scrape(job)

    def ask(self, verb: str) -> float:
        """Says a word and returns when it was answered, by the clock of this machine, which is the site's too."""
        answer = self._client.post(f"/api/v1/jobs/{self.id}/{verb}")
        assert answer.status_code == 200, answer.text
        return time.time()

    def change(self, **wishes: Any) -> float:
        """Another delay or priority."""
        answer = self._client.patch(f"/api/v1/jobs/{self.id}/run", json=wishes)
        assert answer.status_code == 200, answer.text
        return time.time()

    def times(self, since: float = 0.0) -> list[float]:
        """When the site was asked by this job."""
        while hits := self._log.get("/__hits", params={"since": self._read}).json()["hits"]:
            self._read = hits[-1]["n"]
            ours = [hit for hit in hits if hit["agent"] == f"{self.name}/1"]
            self._times += [hit["time"] for hit in ours]
            self.paths.update(hit["path"] for hit in ours)
        return [at for at in self._times if at >= since]

    def _newest(self) -> int:
        return int(self._log.get("/__hits", params={"since": 2**31}).json()["last"])

    def goes(self, since: float = 0.0, hits: int = 5) -> list[float]:
        """Waits for some hits after a moment."""
        return until(f"{self.name} goes on", lambda: found if len(found := self.times(since)) >= hits else None)

    def keeps(self, pace: Callable[[list[float]], bool], since: float, visits: int) -> None:
        """Waits until the newest visits after a moment are so far apart."""

        def kept() -> bool:
            apart = gaps(self.times(since))[-visits:]
            assert len(apart) == visits and pace(apart), apart
            return True

        until(f"{self.name} keeps another pace", kept)

    def rests(self, since: float) -> None:
        """Waits until the site has seen nothing of it for a while, soon after `since`."""

        def quiet() -> bool:
            newest = max(self.times(since), default=since)
            assert time.time() - newest >= QUIET_S, f"asked to rest, it came {newest - since:.2f} s later"
            return True

        until(f"{self.name} rests", quiet, SOON_S + QUIET_S)


def gaps(times: list[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(sorted(times))]


def test_what_is_asked_for_is_so_within_a_second(system: System, site: Site) -> None:
    crawl = Crawl(system, site, "control")
    crawl.goes()

    paused = crawl.ask("pause")
    assert system.job(crawl.id)["phase"] == "paused"
    crawl.rests(paused)

    resumed = crawl.ask("resume")
    assert crawl.goes(resumed)[0] - resumed < SOON_S

    slowed = crawl.change(delay=SLOW)
    crawl.keeps(lambda apart: min(apart) > 0.9 * SLOW, slowed, 4)

    hurried = crawl.change(delay=FAST)
    crawl.keeps(lambda apart: sum(apart) / 7 < 0.8 * SLOW, hurried, 7)

    rival = Crawl(system, site, "rival")
    rival.goes()
    preferred = rival.change(priority="high")

    def has_more() -> bool:
        theirs = crawl.times(preferred)
        newest = sorted([*rival.times(preferred), *theirs])[-SOME:]
        others = len([at for at in theirs if at >= newest[0]])
        assert len(newest) == SOME and len(newest) - others >= 2 * others > 0, (len(newest), others)
        return True

    until("the preferred run has more, the other one still some", has_more)

    cancelled = rival.ask("cancel")
    stopped = crawl.ask("stop")
    rival.rests(cancelled)
    crawl.rests(stopped)
    dropped, ended = system.ended(rival.id), system.ended(crawl.id)
    assert dropped["status"] == "cancelled"
    assert (ended["status"], ended["stopped"]) == ("completed", True)
    counts = ended["counts"]
    assert counts["requested"] == counts["fetched"] + counts["failed"] + counts["filtered"], counts
    # What was under way when it was stopped was visited and kept; nothing was visited twice.
    visits, twice = len(crawl.times()), {path: hits for path, hits in crawl.paths.items() if hits > 1}
    assert counts["fetched"] + counts["failed"] == visits, f"{counts}, {visits} visits, more than one at {twice}"
    why(system, crawl.id)


def why(system: System, job_id: str) -> None:
    """One URL that was dropped, and one that was fetched, tell their stories."""
    client = system.client()
    for outcome, sentence in (("cancelled", "The run was stopped before the visit."), ("fetched", "fetched.")):
        (found,) = client.get(f"/api/v1/jobs/{job_id}/urls", params={"outcome": outcome, "limit": 1}).json()["urls"]
        story = client.get(f"/api/v1/jobs/{job_id}/urls", params={"url": found["url"]}).json()["story"]
        assert sentence in story["sentence"] and story["known"], story
        assert len(story["attempts"]) == (1 if outcome == "fetched" else 0), story


def test_an_estimate_tells_before_it_runs_and_leaves_nothing(system: System, site: Site) -> None:
    client, before = system.client(), len(site.hits())
    known = len(client.get("/api/v1/jobs", params={"limit": 1000}).json()["jobs"])
    options = {"max_depth": 9, "delay": FAST, "user_agent": "estimate/1"}
    job = {"urls": [f"{site.url}/", f"{site.url}/no-such-page"], "options": options}
    found = client.post("/api/v1/scrape/estimate", json=job)
    assert found.status_code == 200, found.text
    estimate = found.json()
    assert [seed["reachable"] for seed in estimate["seeds"]] == [True, False], estimate
    assert estimate["seeds"][1]["status"] == 404 and estimate["seeds"][0]["robots_allowed"] is True
    assert estimate["sure"] == "at_least" and estimate["pages"] > 10 and estimate["seconds"] >= 0.9, estimate
    pages = [hit for hit in site.hits()[before:] if hit["agent"] == "estimate/1" and hit["path"] != "/robots.txt"]
    assert 0 < len(pages) <= 10
    assert len(client.get("/api/v1/jobs", params={"limit": 1000}).json()["jobs"]) == known
    assert system.query("select count() from records where dataset = 'estimates'") == [(0,)]
