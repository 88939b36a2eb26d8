-- name: recent_runs
-- The newest runs and every one that is not over, oldest first, for the dashboards' lists.
select * from (
    select id, job_id, dataset, state, reason, max_pages, created_at, started_at, finished_at,
        paused_at, requested, queued, issued, fetched, failed, filtered, extracted, stored, rejected, dropped
    from runs where kind = 'crawl'
    order by state in ('queued', 'running', 'finishing') desc, coalesce(finished_at, started_at, created_at) desc
    limit %(limit)s) newest
order by coalesce(finished_at, started_at, created_at);

-- name: one_run
-- One run with its accounts.
select id, job_id, dataset, state, reason, max_pages, created_at, started_at, finished_at,
    paused_at, requested, queued, issued, fetched, failed, filtered, extracted, stored, rejected, dropped
from runs where id = %(run)s;

-- name: particulars
-- Who asked for a run, and for what.
select coalesce(j.name, r.dataset) as name, r.description -> 'urls' as urls, coalesce(u.username, r.owner) as owner,
    r.created_at, r.started_at, r.finished_at
from runs r
left join jobs j on j.id = r.job_id
left join users u on u.id::text = r.owner
where r.id = %(run)s;
