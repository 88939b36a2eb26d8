"""A hundred jobs at once through the gateway."""

from tests.acceptance.system import Site, System
from tests.bench.jobs import JOBS, hundred, progress_is_right


def test_a_hundred_jobs_at_once_all_complete_and_add_up(system: System, site: Site) -> None:
    client = system.client()
    _, told = hundred(client, site, "hundred", 2)
    assert len({job["job_id"] for job in told}) == JOBS
    assert {job["status"] for job in told} == {"completed"}
    assert [job for job in told if not progress_is_right(job)] == []
    # The same hundred requests once more: no job more.
    hundred(client, site, "hundred", 2)
