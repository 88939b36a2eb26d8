"""kill -9 of `trawl up` in mid-crawl leaves no orphan, and the next `up` continues every unfinished run."""

import psutil

from tests.acceptance.system import Site, fresh_system, until


def test_the_next_up_continues_the_run(site: Site) -> None:
    with fresh_system(site.host) as system:
        system.start()
        description = {
            "url": f"{site.url}/",
            "dataset": "continued",
            "options": {"follow": True, "max_pages": 300, "delay": 0, "concurrency": 4},
        }
        job_id = system.scrape(description)
        until("the crawl is on its way", lambda: system.job(job_id)["counts"]["fetched"] >= 30)
        family = psutil.Process(system.supervisor).children(recursive=True)
        assert len(family) >= 12

        system.kill_supervisor()

        _, alive = psutil.wait_procs(family, timeout=60)
        assert not alive, [process.cmdline() for process in alive]
        system.start()
        job = system.ended(job_id)
        assert job["status"] == "completed", job
        assert job["counts"]["fetched"] == 300
        rows = system.query("select count(), uniqExact(id) from records where job_id = {job:UUID}", job=job_id)
        assert rows[0] == (300, 300)
        assert system.stop() == 0
